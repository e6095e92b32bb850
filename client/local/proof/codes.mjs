// One-time codes, links and second factors through supabase-js.
import assert from 'node:assert/strict'
import { admin, atEnd, bad, claims, client, good, group, needService, newUser, project, run, skip, totp } from './lib.mjs'

const codes = () =>
  group('code', async () => needService() && newUser(), {
    'is not sent to a stranger who must not sign up': async () => {
      const options = { shouldCreateUser: false }
      bad(await client().auth.signInWithOtp({ email: `no-${run}@example.com`, options }), { status: 422, code: 'otp_disabled' })
    },
    'comes by mail': async (s) => {
      const mailbox = await fetch(`${project.url}/_mail?to=${encodeURIComponent(s.email)}`)
      if (!mailbox.ok) skip('nobody can read the mail of this project')
      good(await client().auth.signInWithOtp({ email: s.email, options: { shouldCreateUser: false } }))
      bad(await client().auth.signInWithOtp({ email: s.email }), { status: 429, code: 'over_email_send_rate_limit' })
      const mails = await (await fetch(mailbox.url)).json()
      assert.equal(mails.length, 1)
      assert.equal(good(await client().auth.verifyOtp({ email: s.email, token: mails[0].code, type: 'email' })).user.id, s.id)
    },
    'of a mail asked for with PKCE leads to a code': async () => {
      const u = await newUser()
      const c = client(project.key, { flowType: 'pkce' })
      good(await c.auth.signInWithOtp({ email: u.email, options: { emailRedirectTo: 'http://127.0.0.1:9/back' } }))
      const mailbox = await fetch(`${project.url}/_mail?to=${encodeURIComponent(u.email)}`)
      if (!mailbox.ok) skip('nobody can read the mail of this project')
      const [mail] = await mailbox.json()
      const res = await fetch(mail.link, { redirect: 'manual' })
      const back = new URL(res.headers.get('location'))
      assert.equal(back.origin, 'http://127.0.0.1:9')
      assert.equal(good(await c.auth.exchangeCodeForSession(back.searchParams.get('code'))).user.id, u.id)
    },
    'that is wrong is refused': async ({ email }) => {
      bad(await client().auth.verifyOtp({ email, token: '000000', type: 'email' }), { status: 403, code: 'otp_expired' })
    },
    'signs in': async (s) => {
      const { properties } = good(await admin().auth.admin.generateLink({ type: 'magiclink', email: s.email }))
      assert.match(properties.email_otp, /^\d{6}$/)
      s.code = properties.email_otp
      const { user, session } = good(await client().auth.verifyOtp({ email: s.email, token: s.code, type: 'email' }))
      assert.equal(user.id, s.id)
      assert.deepEqual(claims(session.access_token).amr.map((m) => m.method), ['otp'])
    },
    'works once': async ({ email, code }) => {
      bad(await client().auth.verifyOtp({ email, token: code, type: 'email' }), { status: 403, code: 'otp_expired' })
    },
    'works as the hash of a link': async ({ id, email }) => {
      const { properties } = good(await admin().auth.admin.generateLink({ type: 'magiclink', email }))
      const { user } = good(await client().auth.verifyOtp({ token_hash: properties.hashed_token, type: 'email' }))
      assert.equal(user.id, id)
    },
    'of a recovery lets the password be set': async ({ email }) => {
      const { properties } = good(await admin().auth.admin.generateLink({ type: 'recovery', email }))
      const c = client()
      good(await c.auth.verifyOtp({ email, token: properties.email_otp, type: 'recovery' }))
      const password = `New-${run}-word`
      good(await c.auth.updateUser({ password }))
      good(await client().auth.signInWithPassword({ email, password }))
    },
    'of a link leads back with a session': async ({ email }) => {
      const { properties } = good(await admin().auth.admin.generateLink({ type: 'magiclink', email }))
      const link = new URL(properties.action_link)
      const res = await fetch(link, { redirect: 'manual', headers: { apikey: project.key } })
      assert.equal(res.status, 303)
      const back = new URL(res.headers.get('location'), project.url)
      const fragment = new URLSearchParams(back.hash.slice(1))
      assert.equal(fragment.get('token_type'), 'bearer')
      good(await client().auth.getUser(fragment.get('access_token')))
    },
    'for a stranger makes a user': async () => {
      const email = `proof-${run}-new@example.com`
      const { user, properties } = good(await admin().auth.admin.generateLink({ type: 'magiclink', email }))
      atEnd(() => admin().auth.admin.deleteUser(user.id))
      good(await client().auth.verifyOtp({ email, token: properties.email_otp, type: 'email' }))
    },
  })

const factors = () =>
  group('factor', async () => needService() && newUser(), {
    'is enrolled': async (s) => {
      const f = good(await s.c.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' }))
      assert.match(f.totp.secret, /^[A-Z2-7]+$/)
      assert.match(f.totp.uri, /^otpauth:\/\/totp\//)
      assert.match(f.totp.qr_code, /^data:image\/svg\+xml;utf-8,/)
      Object.assign(s, { factorId: f.id, secret: f.totp.secret })
    },
    'does not count before its first code': async ({ c }) => {
      const level = good(await c.auth.mfa.getAuthenticatorAssuranceLevel())
      assert.equal(level.currentLevel, 'aal1')
      assert.equal(level.nextLevel, 'aal1')
    },
    'of the same name is refused': async ({ c }) => {
      bad(await c.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'phone' }), { status: 422, code: 'mfa_factor_name_conflict' })
    },
    'refuses a wrong code': async (s) => {
      const { id } = good(await s.c.auth.mfa.challenge({ factorId: s.factorId }))
      const code = totp(s.secret, Date.now() + 600_000)
      bad(await s.c.auth.mfa.verify({ factorId: s.factorId, challengeId: id, code }), { status: 422, code: 'mfa_verification_failed' })
    },
    'lifts the session': async (s) => {
      const { id, expires_at: expires } = good(await s.c.auth.mfa.challenge({ factorId: s.factorId }))
      assert.ok(expires > Date.now() / 1000)
      const before = claims(s.session.access_token)
      const next = good(await s.c.auth.mfa.verify({ factorId: s.factorId, challengeId: id, code: totp(s.secret) }))
      const after = claims(next.access_token)
      assert.equal(after.aal, 'aal2')
      assert.equal(after.session_id, before.session_id)
      assert.ok(after.amr.some((m) => m.method === 'totp'))
    },
    'stays with a refresh': async ({ c }) => {
      const { session } = good(await c.auth.refreshSession())
      assert.equal(claims(session.access_token).aal, 'aal2')
    },
    'is listed as verified': async ({ c, factorId }) => {
      const { totp: list } = good(await c.auth.mfa.listFactors())
      assert.deepEqual(list.map((f) => [f.id, f.status, f.friendly_name]), [[factorId, 'verified', 'phone']])
    },
    'is asked for at the next sign-in': async (s) => {
      const c = client()
      good(await c.auth.signInWithPassword(s))
      const level = good(await c.auth.mfa.getAuthenticatorAssuranceLevel())
      assert.equal(level.currentLevel, 'aal1')
      assert.equal(level.nextLevel, 'aal2')
      bad(await c.auth.updateUser({ password: `Other-${run}-word` }), { status: 401, code: 'insufficient_aal' })
      bad(await c.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'two' }), { status: 403, code: 'insufficient_aal' })
      bad(await c.auth.mfa.unenroll({ factorId: s.factorId }), { status: 422, code: 'insufficient_aal' })
      good(await c.auth.mfa.challengeAndVerify({ factorId: s.factorId, code: totp(s.secret) }))
      assert.equal(good(await c.auth.mfa.getAuthenticatorAssuranceLevel()).currentLevel, 'aal2')
    },
    'is given up': async ({ c, factorId }) => {
      assert.equal(good(await c.auth.mfa.unenroll({ factorId })).id, factorId)
      good(await c.auth.refreshSession())
      assert.deepEqual(good(await c.auth.mfa.listFactors()).all, [])
    },
  })

export const oneTime = async () => {
  await codes()
  await factors()
}
