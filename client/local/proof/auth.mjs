// Accounts and sessions through supabase-js.
import assert from 'node:assert/strict'
import { admin, atEnd, bad, claims, client, good, group, needService, newUser, project, run, signedIn, skip } from './lib.mjs'

const signUps = () =>
  group('sign-up', async () => ({ email: `proof-${run}-up@example.com`, password: `Pass-${run}-word` }), {
    'gives a session': async (s) => {
      const res = await fetch(`${project.url}/auth/v1/settings`, { headers: { apikey: project.key } })
      const settings = await res.json()
      if (!settings.mailer_autoconfirm) skip('this project confirms addresses by mail')
      needService() // else the user would stay
      const { user, session } = good(await client().auth.signUp({ ...s, options: { data: { nick: 'pru' } } }))
      atEnd(() => admin().auth.admin.deleteUser(user.id))
      s.done = true
      assert.equal(user.email, s.email)
      assert.equal(user.user_metadata.nick, 'pru')
      assert.equal(user.identities.length, 1)
      assert.equal(session.token_type, 'bearer')
      assert.equal(session.user.id, user.id)
    },
    'refuses an address that is taken': async (s) => {
      if (!s.done) skip('nobody signed up')
      bad(await client().auth.signUp(s), { status: 422, code: 'user_already_exists' })
    },
    'refuses a short password': async () => {
      const e = bad(await client().auth.signUp({ email: `proof-${run}-w@example.com`, password: 'abc' }), { status: 422, code: 'weak_password' })
      assert.equal(e.name, 'AuthWeakPasswordError')
      assert.ok(e.reasons.includes('length'), e.reasons)
    },
    'refuses what is no address': async () => {
      bad(await client().auth.signUp({ email: 'nobody', password: `Pass-${run}-word` }), { status: 400, code: 'validation_failed' })
    },
    'refuses anonymous users': async () => {
      bad(await client().auth.signInAnonymously(), { status: 422, code: 'anonymous_provider_disabled' })
    },
  })

const passwords = () =>
  group('sign-in', () => signedIn(project.first), {
    'with a password gives a session': async ({ session, id, email }) => {
      assert.equal(session.user.email, email)
      assert.ok(session.expires_in > 0 && session.expires_at > Date.now() / 1000)
      const c = claims(session.access_token)
      assert.equal(c.sub, id)
      assert.equal(c.role, 'authenticated')
      assert.equal(c.aal, 'aal1')
      assert.deepEqual(c.amr.map((m) => m.method), ['password'])
      assert.match(c.session_id, /^[0-9a-f-]{36}$/)
    },
    'with a wrong password is refused': async ({ email }) => {
      bad(await client().auth.signInWithPassword({ email, password: 'wrong' }), { status: 400, code: 'invalid_credentials' })
    },
    'of an unknown user is refused in the same words': async () => {
      const e = bad(await client().auth.signInWithPassword({ email: `no-${run}@example.com`, password: 'wrong' }), { status: 400, code: 'invalid_credentials' })
      assert.equal(e.message, 'Invalid login credentials')
    },
    'lets the user be read': async ({ c, id }) => {
      assert.equal(good(await c.auth.getUser()).user.id, id)
    },
    'lets the claims be read': async ({ c, id }) => {
      assert.equal(good(await c.auth.getClaims()).claims.sub, id)
    },
    'with garbage for a token is refused': async ({ c }) => {
      bad(await c.auth.getUser('x.y.z'), { status: 403, code: 'bad_jwt' })
    },
  })

const refreshes = () =>
  group('refresh', () => signedIn(project.first), {
    'gives new tokens of the same session': async (s) => {
      const next = good(await s.c.auth.refreshSession()).session
      assert.notEqual(next.refresh_token, s.session.refresh_token)
      assert.equal(claims(next.access_token).session_id, claims(s.session.access_token).session_id)
      s.next = next
    },
    'with the parent token gives the active one again': async (s) => {
      const again = good(await client().auth.refreshSession({ refresh_token: s.session.refresh_token })).session
      assert.equal(again.refresh_token, s.next.refresh_token)
    },
    'by six at a time gives one token to all': async (s) => {
      const all = await Promise.all(Array.from({ length: 6 }, () => client().auth.refreshSession({ refresh_token: s.next.refresh_token })))
      assert.equal(new Set(all.map((r) => good(r).session.refresh_token)).size, 1)
    },
    'with an unknown token is refused': async () => {
      bad(await client().auth.refreshSession({ refresh_token: 'aaaaaaaaaaaa' }), { status: 400, code: 'refresh_token_not_found' })
    },
    'is done by setSession with a spent access token': async (s) => {
      const [h, , sig] = s.next.access_token.split('.')
      const old = Buffer.from(JSON.stringify({ ...claims(s.next.access_token), exp: 1 })).toString('base64url')
      const { session } = good(await client().auth.setSession({ access_token: `${h}.${old}.${sig}`, refresh_token: s.next.refresh_token }))
      assert.ok(session.expires_at > Date.now() / 1000)
    },
  })

const changes = () =>
  group('user', async () => needService() && newUser(), {
    'data are merged': async ({ c }) => {
      good(await c.auth.updateUser({ data: { a: 1, b: 'x' } }))
      const { user } = good(await c.auth.updateUser({ data: { b: 'y' } }))
      assert.equal(user.user_metadata.a, 1)
      assert.equal(user.user_metadata.b, 'y')
    },
    'the same password is refused': async ({ c, password }) => {
      bad(await c.auth.updateUser({ password }), { status: 422, code: 'same_password' })
    },
    'a new password counts': async ({ c, email, password }) => {
      good(await c.auth.updateUser({ password: password + '2' }))
      bad(await client().auth.signInWithPassword({ email, password }), { code: 'invalid_credentials' })
      good(await client().auth.signInWithPassword({ email, password: password + '2' }))
    },
  })

const signOuts = () =>
  group(
    'sign-out',
    async () => {
      needService()
      const one = await newUser()
      return { one, two: await signedIn(one), three: await signedIn(one) }
    },
    {
      'of the others leaves this one': async ({ one, two, three }) => {
        good(await one.c.auth.signOut({ scope: 'others' }))
        good(await one.c.auth.refreshSession())
        for (const gone of [two, three]) bad(await gone.c.auth.refreshSession(), { code: 'refresh_token_not_found' })
      },
      'is seen by the token of an ended session': async ({ two }) => {
        const res = await fetch(`${project.url}/auth/v1/user`, { headers: { apikey: project.key, authorization: `Bearer ${two.session.access_token}` } })
        assert.equal(res.status, 403)
        assert.equal((await res.json()).error_code, 'session_not_found')
      },
      'of this one leaves the others': async ({ one }) => {
        const other = await signedIn(one)
        const gone = await signedIn(one)
        good(await gone.c.auth.signOut({ scope: 'local' }))
        bad(await client().auth.refreshSession({ refresh_token: gone.session.refresh_token }), { code: 'refresh_token_not_found' })
        good(await other.c.auth.refreshSession())
      },
      'everywhere ends all': async ({ one }) => {
        const last = await signedIn(one)
        good(await last.c.auth.signOut())
        bad(await one.c.auth.refreshSession(), { code: 'refresh_token_not_found' })
      },
    },
  )

export const auth = async () => {
  await signUps()
  await passwords()
  await refreshes()
  await changes()
  await signOuts()
}
