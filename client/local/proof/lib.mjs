// What all parts of the proof share: the project at hand, clients, and the
// report of one line of JSON for each statement.
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'

const need = (name) => {
  const v = process.env[name]
  if (!v) throw new Error(`${name} is not set`)
  return v
}

const account = (text) => {
  const cut = text.indexOf(':')
  return { email: text.slice(0, cut), password: text.slice(cut + 1) }
}

export const project = {
  url: need('LORATOP_TEST_URL').replace(/\/+$/, ''),
  key: need('LORATOP_TEST_KEY'),
  service: process.env.LORATOP_TEST_SERVICE_KEY ?? '',
  first: account(need('LORATOP_TEST_ACCOUNT_1')),
  second: account(need('LORATOP_TEST_ACCOUNT_2')),
}

// run names all that this run makes, so that runs do not meet.
export const run = randomBytes(6).toString('hex')

// Node 20 has no WebSocket, and Realtime is no part of this.
class NoSocket {}

export const client = (key = project.key, auth = {}) =>
  createClient(project.url, key, {
    realtime: { transport: NoSocket },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false, ...auth },
  })

export const admin = () => client(project.service)

// signedIn is a client with the account's session.
export const signedIn = async ({ email, password }) => {
  const c = client()
  const { data, error } = await c.auth.signInWithPassword({ email, password })
  assert.ifError(error)
  return { c, session: data.session, id: data.user.id, email, password }
}

// both are the two accounts, signed in once for all that only reads and writes.
let pair
export const both = async () => {
  pair ??= { one: await signedIn(project.first), two: await signedIn(project.second) }
  return pair
}

// newUser makes a confirmed user and signs in; it needs the service key.
let users = 0
export const newUser = async () => {
  const email = `proof-${run}-${++users}@example.com`
  const password = `Pass-${run}-word`
  const { error } = await admin().auth.admin.createUser({ email, password, email_confirm: true })
  assert.ifError(error)
  const u = await signedIn({ email, password })
  atEnd(() => admin().auth.admin.deleteUser(u.id))
  return u
}

const ends = []
export const atEnd = (f) => ends.unshift(f)
export const cleanUp = async () => {
  for (const f of ends) {
    const { error } = (await f()) ?? {}
    if (!error) continue
    console.error('clean-up:', error.message)
    process.exitCode = 1
  }
}

const write = (line) => process.stdout.write(JSON.stringify(line) + '\n')

// skip is thrown for what the project at hand cannot show.
class Skip extends Error {}
export const skip = (why) => {
  throw new Skip(why)
}
export const needService = () => project.service || skip('needs LORATOP_TEST_SERVICE_KEY')

// group runs statements one after the other and reports each.
export const group = async (name, setUp, statements) => {
  let s
  let broken
  try {
    s = await setUp()
  } catch (e) {
    broken = e
  }
  for (const [text, check] of Object.entries(statements)) {
    const line = { name: `${name}: ${text}`, ok: true }
    try {
      if (broken) throw broken
      await check(s)
    } catch (e) {
      line.ok = false
      line[e instanceof Skip ? 'skipped' : 'error'] = String(e.stack ?? e.message ?? e)
      if (e instanceof Skip) line.skipped = e.message
    }
    write(line)
  }
}

// good takes the data of an answer that must be no error.
export const good = ({ data, error, ...rest }) => {
  if (error) assert.fail(`${error.name ?? 'error'} ${error.status ?? ''} ${error.code ?? error.statusCode ?? ''}: ${error.message}`)
  return rest.count === undefined || rest.count === null ? data : { data, count: rest.count }
}

// bad takes the error of an answer that must be one.
export const bad = ({ data, error }, want) => {
  assert.ok(error, `no error, but ${JSON.stringify(data)}`)
  const got = Object.fromEntries(Object.keys(want).map((k) => [k, error[k]]))
  assert.deepEqual(got, want, error.message)
  return error
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

// totp is the six-digit code of RFC 6238 for a base32 secret.
export const totp = (secret, at = Date.now()) => {
  let bits = ''
  for (const ch of secret.replace(/=+$/, '')) bits += alphabet.indexOf(ch).toString(2).padStart(5, '0')
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30000)))
  const h = createHmac('sha1', key).update(counter).digest()
  const n = h.readUInt32BE(h[19] & 15) & 0x7fffffff
  return String(n % 1e6).padStart(6, '0')
}

export const claims = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'))
