// Files through supabase-js and tus-js-client.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { atEnd, bad, both, client, good, group, project, run } from './lib.mjs'
import { resume, uploadResumably } from './tus.mjs'

const bucket = 'lora-datasets'
const contentType = 'application/x-jsonlines'
const line = '{"prompt":"hello","response":"world"}\n'

const setUp = async () => {
  const { one, two } = await both()
  const files = one.c.storage.from(bucket)
  const folder = `${one.id}/proof-${run}`
  atEnd(async () => {
    const list = await files.list(folder, { limit: 1000 })
    return files.remove((list.data ?? []).filter((f) => f.id).map((f) => `${folder}/${f.name}`))
  })
  return { one, two, files, folder, key: `${folder}/a.jsonl` }
}

const uploads = {
  'is uploaded': async ({ files, key }) => {
    const data = good(await files.upload(key, line, { contentType, cacheControl: '60', metadata: { by: 'proof' } }))
    assert.equal(data.path, key)
    assert.equal(data.fullPath, `${bucket}/${key}`)
    assert.match(data.id, /^[0-9a-f-]{36}$/)
  },
  'is uploaded as a blob': async ({ files, folder }) => {
    good(await files.upload(`${folder}/b (1).jsonl`, new Blob([line, line], { type: contentType })))
  },
  'is not overwritten unasked': async ({ files, key }) => {
    const e = bad(await files.upload(key, line, { contentType }), { statusCode: '409' })
    assert.equal(e.status, 400)
  },
  'is overwritten when asked': async (s) => {
    const before = good(await s.files.info(s.key))
    const data = good(await s.files.upload(s.key, line.repeat(3), { contentType, upsert: true, cacheControl: '60', metadata: { by: 'proof' } }))
    const after = good(await s.files.info(s.key))
    assert.equal(data.id, before.id)
    assert.notEqual(after.version, before.version)
    assert.equal(after.createdAt, before.createdAt)
  },
  'is replaced by update': async ({ files, key }) => {
    good(await files.update(key, line.repeat(4), { contentType, cacheControl: '60', metadata: { by: 'proof' } }))
  },
  'of a wrong kind is refused': async ({ files, folder }) => {
    bad(await files.upload(`${folder}/x.png`, 'x', { contentType: 'image/png' }), { statusCode: '415' })
  },
  'with a bad name is refused': async ({ files, folder }) => {
    bad(await files.upload(`${folder}/é.jsonl`, line, { contentType }), { statusCode: '400' })
  },
  'in a bucket that is missing is refused': async ({ one, folder }) => {
    bad(await one.c.storage.from('no-such-bucket').upload(`${folder}/a.jsonl`, line, { contentType }), { statusCode: '404' })
  },
  'in the folder of somebody else is refused': async ({ two, folder }) => {
    bad(await two.c.storage.from(bucket).upload(`${folder}/t.jsonl`, line, { contentType }), { statusCode: '403' })
  },
  'of nobody is refused': async ({ folder }) => {
    bad(await client().storage.from(bucket).upload(`${folder}/n.jsonl`, line, { contentType }), { statusCode: '403' })
  },
}

const downloads = {
  'is downloaded': async ({ files, key }) => {
    const blob = good(await files.download(key))
    assert.equal(await blob.text(), line.repeat(4))
    assert.equal(blob.type, contentType)
  },
  'is described': async ({ files, key }) => {
    const info = good(await files.info(key))
    assert.equal(info.size, line.length * 4)
    assert.equal(info.contentType, contentType)
    assert.equal(info.cacheControl, 'max-age=60')
    assert.deepEqual(info.metadata, { by: 'proof' })
  },
  'exists': async ({ files, key, folder }) => {
    assert.equal(good(await files.exists(key)), true)
    assert.equal((await files.exists(`${folder}/none`)).data, false)
  },
  'that is missing is an error': async ({ files, folder }) => {
    const e = bad(await files.download(`${folder}/none`), { name: 'StorageApiError', status: 400, statusCode: '404' })
    assert.equal(e.message, 'Object not found')
  },
  'of somebody else is as if missing': async ({ two, key }) => {
    bad(await two.c.storage.from(bucket).download(key), { status: 400, statusCode: '404' })
    bad(await two.c.storage.from(bucket).info(key), { statusCode: '404' })
  },
  'is read in parts': async ({ one, key }) => {
    const headers = { authorization: `Bearer ${one.session.access_token}`, range: 'bytes=2-7' }
    const res = await fetch(`${project.url}/storage/v1/object/authenticated/${bucket}/${key}`, { headers })
    assert.equal(res.status, 206)
    assert.equal(res.headers.get('content-range'), `bytes 2-7/${line.length * 4}`)
    assert.equal(await res.text(), line.slice(2, 8))
  },
  'is not sent twice': async ({ one, key }) => {
    const url = `${project.url}/storage/v1/object/authenticated/${bucket}/${key}`
    const authorization = `Bearer ${one.session.access_token}`
    const etag = (await fetch(url, { method: 'HEAD', headers: { authorization } })).headers.get('etag')
    assert.equal((await fetch(url, { headers: { authorization, 'if-none-match': etag } })).status, 304)
  },
}

const names = (list) => list.map((f) => f.name)

const lists = {
  'are listed': async (s) => {
    good(await s.files.upload(`${s.folder}/sub/c.jsonl`, line, { contentType }))
    atEnd(() => s.files.remove([`${s.folder}/sub/c.jsonl`]))
    const list = good(await s.files.list(s.folder))
    assert.deepEqual(names(list), ['sub', 'a.jsonl', 'b (1).jsonl'])
    assert.equal(list[0].id, null)
    assert.equal(list[1].metadata.size, line.length * 4)
    assert.equal(list[1].metadata.mimetype, contentType)
  },
  'are searched, sorted and paged': async ({ files, folder }) => {
    assert.deepEqual(names(good(await files.list(folder, { search: 'b' }))), ['b (1).jsonl'])
    assert.deepEqual(names(good(await files.list(folder, { limit: 1, offset: 1, sortBy: { column: 'name', order: 'asc' } }))), ['a.jsonl'])
  },
  'of somebody else are none': async ({ two, folder }) => {
    assert.deepEqual(good(await two.c.storage.from(bucket).list(folder)), [])
  },
  'are listed page by page with a cursor': async ({ files, folder }) => {
    const page = good(await files.listV2({ prefix: `${folder}/`, limit: 1, with_delimiter: true }))
    assert.equal(page.hasNext, true)
    const rest = good(await files.listV2({ prefix: `${folder}/`, cursor: page.nextCursor, with_delimiter: true }))
    assert.equal(page.objects.length + page.folders.length + rest.objects.length + rest.folders.length, 3)
  },
  'of a bucket that is hidden': async ({ one }) => {
    assert.deepEqual(good(await one.c.storage.listBuckets()), [])
    bad(await one.c.storage.getBucket(bucket), { statusCode: '404' })
  },
}

const moves = {
  'is copied': async ({ files, key, folder }) => {
    assert.equal(good(await files.copy(key, `${folder}/copy.jsonl`)).path, `${bucket}/${folder}/copy.jsonl`)
    assert.equal(await good(await files.download(`${folder}/copy.jsonl`)).text(), line.repeat(4))
  },
  'is moved': async ({ files, folder }) => {
    assert.equal(good(await files.move(`${folder}/copy.jsonl`, `${folder}/moved.jsonl`)).message, 'Successfully moved')
    assert.equal(good(await files.exists(`${folder}/moved.jsonl`)), true)
  },
  'is not moved onto another': async ({ files, key, folder }) => {
    bad(await files.move(`${folder}/moved.jsonl`, key), { statusCode: '409' })
  },
  'are removed': async ({ files, folder }) => {
    const gone = good(await files.remove([`${folder}/moved.jsonl`, `${folder}/none`]))
    assert.deepEqual(names(gone), [`${folder}/moved.jsonl`])
  },
  'of somebody else is not removed': async ({ two, files, key }) => {
    assert.deepEqual(good(await two.c.storage.from(bucket).remove([key])), [])
    assert.equal(good(await files.exists(key)), true)
  },
}

const signed = {
  'for a download': async ({ files, key }) => {
    const { signedUrl } = good(await files.createSignedUrl(key, 60, { download: 'x.jsonl' }))
    const res = await fetch(signedUrl)
    assert.equal(await res.text(), line.repeat(4))
    assert.match(res.headers.get('content-disposition'), /x\.jsonl/)
  },
  'for many downloads': async ({ files, key, folder }) => {
    const [a, b] = good(await files.createSignedUrls([key, `${folder}/none`], 60))
    assert.equal(a.error, null)
    assert.equal((await fetch(a.signedUrl)).status, 200)
    assert.ok(b.error)
    assert.equal(b.signedUrl, null)
  },
  'only for its own file': async ({ files, key, folder }) => {
    const { signedUrl } = good(await files.createSignedUrl(key, 60))
    const other = signedUrl.replace('a.jsonl', 'b%20(1).jsonl')
    assert.equal((await (await fetch(other)).json()).code, 'InvalidSignature')
    bad(await files.createSignedUrl(`${folder}/none`, 60), { statusCode: '404' })
  },
  'for an upload': async ({ files, folder }) => {
    const key = `${folder}/signed.jsonl`
    const { token, path } = good(await files.createSignedUploadUrl(key))
    assert.equal(path, key)
    const anybody = client().storage.from(bucket)
    assert.equal(good(await anybody.uploadToSignedUrl(key, token, line, { contentType })).fullPath, `${bucket}/${key}`)
    bad(await anybody.uploadToSignedUrl(key, token, line, { contentType }), { statusCode: '409' })
    assert.equal(await good(await files.download(key)).text(), line)
  },
}

const resumable = {
  'is uploaded in chunks': async (s) => {
    s.big = randomBytes(300_000)
    const sent = await uploadResumably(s.one.session.access_token, bucket, `${s.folder}/big.jsonl`, s.big, { contentType, chunkSize: 65_536 })
    assert.deepEqual(sent, [0, 65_536, 131_072, 196_608, 262_144, 300_000])
    const got = Buffer.from(await good(await s.files.download(`${s.folder}/big.jsonl`)).arrayBuffer())
    assert.ok(got.equals(s.big))
    assert.equal(good(await s.files.info(`${s.folder}/big.jsonl`)).contentType, contentType)
  },
  'goes on after a stop': async (s) => {
    const key = `${s.folder}/resumed.jsonl`
    const at = await resume(s.one.session.access_token, bucket, key, s.big, { contentType, chunkSize: 100_000 })
    assert.equal(at, 100_000)
    assert.ok(Buffer.from(await good(await s.files.download(key)).arrayBuffer()).equals(s.big))
  },
  'does not overwrite unasked': async (s) => {
    const e = await uploadResumably(s.one.session.access_token, bucket, s.key, s.big, { contentType }).catch((e) => e)
    assert.equal(e.originalResponse?.getStatus(), 409, e)
  },
  'overwrites when asked': async (s) => {
    const key = `${s.folder}/big.jsonl`
    await uploadResumably(s.one.session.access_token, bucket, key, Buffer.from(line), { contentType, headers: { 'x-upsert': 'true' } })
    assert.equal(await good(await s.files.download(key)).text(), line)
  },
  'in the folder of somebody else is refused': async (s) => {
    const e = await uploadResumably(s.two.session.access_token, bucket, `${s.folder}/t.jsonl`, s.big, { contentType }).catch((e) => e)
    assert.equal(e.originalResponse?.getStatus(), 403, e)
  },
  'of a wrong kind is refused': async (s) => {
    const e = await uploadResumably(s.one.session.access_token, bucket, `${s.folder}/t.png`, s.big, { contentType: 'image/png' }).catch((e) => e)
    assert.equal(e.originalResponse?.getStatus(), 415, e)
  },
  'of nothing is whole at once': async (s) => {
    const key = `${s.folder}/empty.jsonl`
    await uploadResumably(s.one.session.access_token, bucket, key, Buffer.alloc(0), { contentType })
    assert.equal(good(await s.files.info(key)).size, 0)
  },
}

export const files = async () => {
  let s
  const once = async () => (s ??= await setUp())
  await group('file', once, { ...uploads, ...downloads })
  await group('files', once, lists)
  await group('file that', once, moves)
  await group('signed URL', once, signed)
  await group('resumable file', once, resumable)
}
