// Runs every check of graphql-http's audit against a server, and prints those that do not hold as JSON. The options:
//   url       of the server's GraphQL
//   headers   sent with every request, besides those of the audit
import { serverAudits } from 'graphql-http'

const { url, headers } = JSON.parse(process.argv[2])
const fetchFn = (address, request = {}) => fetch(address, { ...request, headers: { ...headers, ...request.headers } })
const audits = serverAudits({ url, fetchFn })
const failures = []
for (const audit of audits) {
  const result = await audit.fn()
  if (result.status !== 'ok') failures.push(`${audit.id} ${audit.name}: ${result.reason}`)
}
process.stdout.write(JSON.stringify({ count: audits.length, failures }))
