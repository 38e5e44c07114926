/** Uploads that files are announced with, many in one request. */
import { gql, type ApolloClient } from '@apollo/client'
import type { Target } from './queue'

const AT_ONCE = 50

/** Uploads for `files`, in their order; `known` keeps them, so that trying again announces nothing twice. */
export async function announceFiles(client: ApolloClient, files: readonly File[], known: Map<File, Target>): Promise<Target[]> {
  const unknown = files.filter(file => !known.has(file))
  for (let start = 0; start < unknown.length; start += AT_ONCE) await announce(client, unknown.slice(start, start + AT_ONCE), known)
  return files.map(file => known.get(file)!)
}

async function announce(client: ApolloClient, files: readonly File[], known: Map<File, Target>) {
  const arguments_ = files.map((_, place) => `$input${place}: CreateUploadInput!`)
  const fields = files.map((_, place) => `upload${place}: createUpload(input: $input${place}) { id url }`)
  const inputs = files.map(({ name, size, type }, place) => [`input${place}`, { filename: name, size, contentType: type || null }])
  const { data } = await client.mutate<Record<string, Target>>({
    mutation: gql(`mutation CreateUploads(${arguments_.join(', ')}) { ${fields.join(' ')} }`),
    variables: Object.fromEntries(inputs),
    fetchPolicy: 'no-cache',
  })
  files.forEach((file, place) => known.set(file, data![`upload${place}`]!))
}
