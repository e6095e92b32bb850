// Clients that loratop did not write, run against the project of the
// environment. Prints a line of JSON for each statement: name, ok, and what
// is wrong. The exit code is 0 when everything was tried, held or not.
import { auth } from './auth.mjs'
import { oneTime } from './codes.mjs'
import { files } from './files.mjs'
import { cleanUp } from './lib.mjs'
import { providers } from './provider.mjs'
import { rows } from './rest.mjs'

try {
  for (const part of [auth, oneTime, providers, rows, files]) await part()
} finally {
  await cleanUp()
}
