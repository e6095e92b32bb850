// Rows through supabase-js: reading, writing, functions, and what is refused.
import assert from 'node:assert/strict'
import { admin, atEnd, bad, both, client, good, group, project, run } from './lib.mjs'

const dataset = (user, n, more = {}) => ({
  user_id: user,
  name: `proof ${run} ${n}`,
  storage_path: `${user}/proof-${run}-${n}.jsonl`,
  file_name: `proof-${n}.jsonl`,
  file_size: 1000 * n,
  ...more,
})

const job = (user, datasetId, n) => ({
  user_id: user,
  dataset_id: datasetId,
  preset_id: 'balanced',
  hyperparameters: { epochs: n, learning_rate: 0.0002, tags: ['a', 'b'] },
  gpu_config: { type: 'A100', count: 1 },
  status: 'cancelled', // no trainer takes it
  total_epochs: n,
  estimated_total_cost: '12.34',
})

const setUp = async () => {
  const { one, two } = await both()
  atEnd(async () => {
    const c = project.service ? admin() : one.c // users cannot delete jobs: traces stay without the service key
    await c.from('training_jobs').delete().in('user_id', [one.id, two.id]).eq('status', 'cancelled').like('preset_id', 'balanced')
    return c.from('datasets').delete().like('name', `proof ${run}%`)
  })
  return { one, two, db: one.c }
}

const mine = (s, columns = '*', options) => s.db.from('datasets').select(columns, options).like('name', `proof ${run}%`)

const writes = {
  'one is inserted and returned': async (s) => {
    const row = good(await s.db.from('datasets').insert(dataset(s.one.id, 1, { description: 'a "quoted", (odd) one' })).select().single())
    assert.equal(row.name, `proof ${run} 1`)
    assert.equal(row.status, 'uploading')
    assert.equal(row.training_ready, false)
    s.first = row
  },
  'many are inserted, missing columns by default': async (s) => {
    const rows = [dataset(s.one.id, 2, { status: 'ready' }), dataset(s.one.id, 3)]
    const made = good(await s.db.from('datasets').insert(rows, { defaultToNull: false }).select('id,name,status').order('name'))
    assert.deepEqual(made.map((r) => r.status), ['ready', 'uploading'])
    s.made = made
  },
  'nothing is returned unless asked for': async (s) => {
    const res = await s.db.from('training_jobs').insert([job(s.one.id, s.first.id, 1), job(s.one.id, s.first.id, 2)])
    assert.equal(res.status, 201)
    assert.equal(good(res), null)
  },
  'a double is refused': async (s) => {
    bad(await s.db.from('datasets').insert(dataset(s.one.id, 1)), { code: '23505' })
  },
  'a column that is missing is refused': async (s) => {
    bad(await s.db.from('datasets').insert({ ...dataset(s.one.id, 9), nonsense: 1 }), { code: 'PGRST204' })
  },
  'a null where none may be is refused': async (s) => {
    bad(await s.db.from('datasets').insert({ ...dataset(s.one.id, 9), file_name: null }), { code: '23502' })
  },
  'is merged by upsert': async (s) => {
    const row = good(await s.db.from('datasets').upsert(dataset(s.one.id, 1, { file_size: 77 }), { onConflict: 'storage_path' }).select('id,file_size').single())
    assert.deepEqual(row, { id: s.first.id, file_size: 77 })
  },
  'is left alone by upsert that ignores doubles': async (s) => {
    const options = { onConflict: 'storage_path', ignoreDuplicates: true }
    assert.deepEqual(good(await s.db.from('datasets').upsert(dataset(s.one.id, 1, { file_size: 78 }), options).select('id')), [])
    assert.equal(good(await mine(s, 'file_size').eq('id', s.first.id).single()).file_size, 77)
  },
  'is updated and returned': async (s) => {
    const row = good(await s.db.from('datasets').update({ description: 'new' }).eq('id', s.first.id).select('description,updated_at').single())
    assert.equal(row.description, 'new')
    assert.ok(row.updated_at > s.first.updated_at)
  },
  'is updated and counted': async (s) => {
    const res = await s.db.from('datasets').update({ format: 'f' }, { count: 'exact' }).like('name', `proof ${run}%`)
    assert.equal(res.status, 204)
    assert.equal(res.count, 3)
  },
}

const reads = {
  'are filtered': async (s) => {
    assert.deepEqual(good(await mine(s, 'file_size').gt('file_size', 100).lte('file_size', 2000)), [{ file_size: 2000 }])
    assert.equal(good(await mine(s, 'id').in('name', [`proof ${run} 2`, 'a,b', 'c"d', '(e)'])).length, 1)
    assert.equal(good(await mine(s, 'id').or(`status.eq.ready,and(file_size.gt.2500,description.is.null)`)).length, 2)
    assert.equal(good(await mine(s, 'id').not('status', 'in', '(ready,error)')).length, 2)
    assert.equal(good(await mine(s, 'id').ilikeAnyOf('name', ['%2', '%3'])).length, 2)
    assert.equal(good(await mine(s, 'id').is('deleted_at', null).match({ status: 'ready' })).length, 1)
  },
  'are ordered and paged': async (s) => {
    const page = good(await mine(s, 'name', { count: 'exact' }).order('file_size', { ascending: false, nullsFirst: false }).range(1, 2))
    assert.equal(page.count, 3)
    assert.deepEqual(page.data.map((r) => r.name.slice(-1)), ['2', '1'])
  },
  'are only counted': async (s) => {
    const res = await mine(s, '*', { count: 'exact', head: true })
    assert.ifError(res.error)
    assert.equal(res.count, 3)
    assert.equal(res.data, null)
  },
  'beyond the end are an error with a count': async (s) => {
    bad(await mine(s, 'id', { count: 'exact' }).range(100, 101), { code: 'PGRST103' })
  },
  'come as CSV': async (s) => {
    const text = good(await mine(s, 'name,status').order('name').csv())
    assert.equal(text.split('\n')[0], 'name,status')
    assert.equal(text.split('\n').length, 4)
  },
  'are renamed and cast': async (s) => {
    assert.deepEqual(good(await mine(s, 'size:file_size::text').eq('id', s.first.id).single()), { size: '77' })
  },
  'reach into JSON': async (s) => {
    const rows = good(await s.db.from('training_jobs').select('e:hyperparameters->epochs,gpu:gpu_config->>type,tag:hyperparameters->tags->1').eq('dataset_id', s.first.id).gte('hyperparameters->epochs', 2))
    assert.deepEqual(rows, [{ e: 2, gpu: 'A100', tag: 'b' }])
  },
  'keep numbers exact': async (s) => {
    const rows = good(await s.db.from('training_jobs').select('estimated_total_cost').eq('dataset_id', s.first.id).limit(1))
    assert.deepEqual(rows, [{ estimated_total_cost: 12.34 }])
  },
  'are one or an error': async (s) => {
    bad(await mine(s, 'id').single(), { code: 'PGRST116' })
    assert.equal(good(await mine(s, 'id').eq('name', 'none').maybeSingle()), null)
  },
  'of a table that is missing are an error': async (s) => {
    const res = await s.db.from('nonsense').select()
    bad(res, { code: 'PGRST205' })
    assert.equal(res.status, 404)
  },
  'of a column that is missing are an error': async (s) => {
    bad(await mine(s, 'nonsense'), { code: '42703' })
  },
}

const embeds = {
  'many of one': async (s) => {
    const rows = good(await mine(s, 'name,training_jobs(total_epochs,status)').order('name').order('total_epochs', { referencedTable: 'training_jobs', ascending: false }))
    assert.deepEqual(rows.map((r) => r.training_jobs.map((j) => j.total_epochs)), [[2, 1], [], []])
  },
  'one of many, renamed': async (s) => {
    const rows = good(await s.db.from('training_jobs').select('total_epochs,set:datasets(name)').eq('dataset_id', s.first.id).order('total_epochs'))
    assert.deepEqual(rows.map((r) => r.set.name.slice(-1)), ['1', '1'])
  },
  'by constraint, inner, with their own filter': async (s) => {
    const rows = good(await mine(s, 'name,jobs:training_jobs!training_jobs_dataset_id_fkey!inner(total_epochs)').eq('jobs.total_epochs', 2))
    assert.deepEqual(rows.map((r) => r.jobs), [[{ total_epochs: 2 }]])
  },
  'with their own limit': async (s) => {
    const [row] = good(await mine(s, 'training_jobs(total_epochs)').eq('id', s.first.id).order('total_epochs', { referencedTable: 'training_jobs' }).limit(1, { referencedTable: 'training_jobs' }))
    assert.deepEqual(row.training_jobs, [{ total_epochs: 1 }])
  },
  'counted': async (s) => {
    const [row] = good(await mine(s, 'training_jobs(count)').eq('id', s.first.id))
    assert.deepEqual(row.training_jobs, [{ count: 2 }])
  },
  'spread': async (s) => {
    const rows = good(await s.db.from('training_jobs').select('total_epochs,...datasets(owner:user_id)').eq('dataset_id', s.first.id).limit(1))
    assert.equal(rows[0].owner, s.one.id)
  },
  'that are ambiguous are an error': async (s) => {
    const res = await s.db.from('training_jobs').select('id,model_artifacts(id)')
    bad(res, { code: 'PGRST201' })
    assert.equal(res.status, 300)
    good(await s.db.from('training_jobs').select('id,model_artifacts!model_artifacts_job_id_fkey(id)').limit(1))
  },
  'of strangers are an error': async (s) => {
    bad(await s.db.from('datasets').select('id,notifications(id)'), { code: 'PGRST200' })
  },
}

const security = {
  'a row for somebody else is refused': async (s) => {
    const res = await s.db.from('datasets').insert(dataset(s.two.id, 8))
    bad(res, { code: '42501' })
    assert.equal(res.status, 403)
  },
  'a stranger sees nothing': async (s) => {
    assert.deepEqual(good(await s.two.c.from('datasets').select('id').eq('id', s.first.id)), [])
    assert.deepEqual(good(await client().from('datasets').select('id').eq('id', s.first.id)), [])
  },
  'a stranger changes nothing': async (s) => {
    assert.deepEqual(good(await s.two.c.from('datasets').update({ name: 'stolen' }).eq('id', s.first.id).select()), [])
    assert.deepEqual(good(await s.two.c.from('datasets').delete().eq('id', s.first.id).select()), [])
  },
  'a row cannot be given away': async (s) => {
    bad(await s.db.from('datasets').update({ user_id: s.two.id }).eq('id', s.first.id), { code: '42501' })
  },
  'nobody signed in writes nothing': async (s) => {
    const res = await client().from('datasets').insert(dataset(s.one.id, 8))
    bad(res, { code: '42501' })
    assert.equal(res.status, 401)
  },
  'the service key sees all': async (s) => {
    if (project.service) assert.equal(good(await admin().from('datasets').select('id').eq('id', s.first.id)).length, 1)
  },
  'a token with a wrong signature is refused': async () => {
    const c = client(project.key)
    const res = await c.from('datasets').select('id').setHeader('Authorization', `Bearer ${project.key.slice(0, -4)}AAAA`)
    assert.equal(res.status, 401)
    bad(res, { code: 'PGRST301' })
  },
}

const rest = {
  'a function that is missing is an error': async (s) => {
    const res = await s.db.rpc('nonsense', { a: 1 })
    bad(res, { code: 'PGRST202' })
    assert.equal(res.status, 404)
  },
  'an aborted request is an error of the client': async (s) => {
    const res = await s.db.from('datasets').select().abortSignal(AbortSignal.abort())
    assert.ok(res.error)
  },
  'one is deleted and returned': async (s) => {
    const gone = good(await s.db.from('datasets').delete().eq('id', s.made[0].id).select('name'))
    assert.deepEqual(gone, [{ name: `proof ${run} 2` }])
  },
  'one that others need is not deleted': async (s) => {
    const res = await s.db.from('datasets').delete().eq('id', s.first.id)
    bad(res, { code: '23503' })
    assert.equal(res.status, 409)
  },
}

export const rows = async () => {
  let s
  const once = async () => (s ??= await setUp())
  await group('row', once, writes)
  await group('rows', once, reads)
  await group('embedded rows', once, embeds)
  await group('row security', once, security)
  await group('rest', once, rest)
}
