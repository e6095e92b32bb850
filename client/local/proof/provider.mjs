// Sign-in at an identity provider and PKCE through supabase-js. Only the local
// stack has a page that plays the provider; elsewhere it would need a person.
import assert from 'node:assert/strict'
import { admin, atEnd, bad, claims, client, good, group, needService, newUser, project, run, skip } from './lib.mjs'

const redirectTo = 'http://127.0.0.1:9/back' // nobody listens there: only the address counts

const pkce = () => client(project.key, { flowType: 'pkce' })

const hop = async (url, init = {}) => {
  const res = await fetch(url, { redirect: 'manual', ...init })
  return { status: res.status, to: res.headers.get('location') ?? '', res }
}

// atProvider begins a sign-in and stops at the provider's page.
const atProvider = async (c, options = {}) => {
  const { url } = good(await c.auth.signInWithOAuth({ provider: 'github', options: { skipBrowserRedirect: true, redirectTo, ...options } }))
  const { status, to } = await hop(url)
  assert.equal(status, 302)
  if (!to.startsWith(`${project.url}/_identity/`)) skip('this project has no page that plays a provider')
  return to
}

// decide fills in the page and follows back to the address of redirectTo.
const decide = async (page, email, decision = 'allow') => {
  const state = new URL(page).searchParams.get('state')
  const body = new URLSearchParams({ state, email, decision })
  const callback = await hop(page, { method: 'POST', body })
  assert.equal(callback.status, 303, await callback.res.text())
  const { to } = await hop(callback.to)
  assert.ok(to.startsWith(redirectTo), to)
  return new URL(to)
}

const exchange = async (auth_code, code_verifier) => {
  const res = await fetch(`${project.url}/auth/v1/token?grant_type=pkce`, {
    method: 'POST',
    headers: { apikey: project.key, 'content-type': 'application/json' },
    body: JSON.stringify({ auth_code, code_verifier }),
  })
  return { status: res.status, code: (await res.json()).error_code }
}

export const providers = () =>
  group('provider', async () => ({ email: `proof-${run}-oauth@example.com` }), {
    'that is unknown is refused': async () => {
      const { status, res } = await hop(`${project.url}/auth/v1/authorize?provider=nonsense`)
      assert.equal(status, 400)
      assert.equal((await res.json()).error_code, 'validation_failed')
    },
    'with a challenge that is too short is refused': async () => {
      const { status, res } = await hop(`${project.url}/auth/v1/authorize?provider=github&code_challenge=abc&code_challenge_method=s256`)
      assert.equal(status, 400)
      assert.equal((await res.json()).error_code, 'validation_failed')
    },
    'signs in with a code': async (s) => {
      needService() // to delete the user again
      s.c = pkce()
      const back = await decide(await atProvider(s.c), s.email)
      s.code = back.searchParams.get('code')
      assert.deepEqual(await exchange(s.code, 'x'.repeat(43)), { status: 400, code: 'bad_code_verifier' })
      const { user, session } = good(await s.c.auth.exchangeCodeForSession(s.code))
      atEnd(() => admin().auth.admin.deleteUser(user.id))
      s.id = user.id
      assert.equal(user.email, s.email)
      assert.ok(user.identities.some((i) => i.provider === 'github'))
      assert.deepEqual(claims(session.access_token).amr.map((m) => m.method), ['oauth'])
      assert.ok(session.provider_token)
    },
    'gives a code that works once': async (s) => {
      if (!s.id) skip('nobody signed in')
      assert.deepEqual(await exchange(s.code, 'x'.repeat(43)), { status: 404, code: 'flow_state_not_found' })
    },
    'knows its user again': async (s) => {
      if (!s.id) skip('nobody signed in')
      const c = pkce()
      const back = await decide(await atProvider(c), s.email)
      assert.equal(good(await c.auth.exchangeCodeForSession(back.searchParams.get('code'))).user.id, s.id)
    },
    'without PKCE leads back with a session': async (s) => {
      if (!s.id) skip('nobody signed in')
      const back = await decide(await atProvider(client(project.key, { flowType: 'implicit' })), s.email)
      const token = new URLSearchParams(back.hash.slice(1)).get('access_token')
      assert.equal(good(await client().auth.getUser(token)).user.id, s.id)
    },
    'that is denied leads back with the reason': async (s) => {
      const back = await decide(await atProvider(pkce()), s.email, 'deny')
      assert.equal(back.searchParams.get('error'), 'access_denied')
      assert.equal(new URLSearchParams(back.hash.slice(1)).get('error'), 'access_denied')
    },
    'never leads to strangers': async (s) => {
      const page = await atProvider(pkce(), { redirectTo: 'https://evil.example.com/' })
      const body = new URLSearchParams({ state: new URL(page).searchParams.get('state'), email: s.email, decision: 'deny' })
      const { to } = await hop((await hop(page, { method: 'POST', body })).to)
      assert.ok(!to.includes('evil'), to)
    },
    'joins the account of the same address': async () => {
      needService()
      const u = await newUser()
      const c = pkce()
      const back = await decide(await atProvider(c), u.email)
      const { user } = good(await c.auth.exchangeCodeForSession(back.searchParams.get('code')))
      assert.equal(user.id, u.id)
      assert.deepEqual(user.identities.map((i) => i.provider).sort(), ['email', 'github'])
    },
    'asks for both halves of a challenge': async () => {
      bad({ error: await exchange('', '') }, { status: 400, code: 'validation_failed' })
    },
  })
