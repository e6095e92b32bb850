// Resumable uploads by tus-js-client, as Supabase's documentation has it.
import { once } from 'node:events'
import * as tus from 'tus-js-client'
import { project } from './lib.mjs'

const options = (accessToken, bucketName, objectName, { contentType, headers = {}, ...more }) => ({
  endpoint: `${project.url}/storage/v1/upload/resumable`,
  retryDelays: [],
  headers: { authorization: `Bearer ${accessToken}`, ...headers },
  uploadDataDuringCreation: false,
  metadata: { bucketName, objectName, contentType, cacheControl: '3600' },
  ...more,
})

// uploadResumably resolves to the offsets that the server confirmed.
export const uploadResumably = (accessToken, bucket, key, data, more) =>
  new Promise((resolve, reject) => {
    const offsets = [0]
    const upload = new tus.Upload(data, {
      ...options(accessToken, bucket, key, more),
      onChunkComplete: (_, accepted) => offsets.push(accepted),
      onSuccess: () => resolve(offsets),
      onError: reject,
    })
    upload.start()
  })

// resume stops after the first chunk, looks where the server is, and goes on
// with another upload object, as a new process would.
export const resume = async (accessToken, bucket, key, data, more) => {
  const stopped = new EventTarget()
  const begun = once(stopped, 'chunk')
  const first = new tus.Upload(data, {
    ...options(accessToken, bucket, key, more),
    onChunkComplete: async () => {
      await first.abort()
      stopped.dispatchEvent(new Event('chunk'))
    },
  })
  first.start()
  await begun
  const head = await fetch(first.url, { method: 'HEAD', headers: { authorization: `Bearer ${accessToken}`, 'tus-resumable': '1.0.0' } })
  await new Promise((resolve, reject) => {
    new tus.Upload(data, { ...options(accessToken, bucket, key, more), uploadUrl: first.url, onSuccess: resolve, onError: reject }).start()
  })
  return Number(head.headers.get('upload-offset'))
}
