/** What a job and its kind are called. */
import type { JobStateFragment } from './job.generated'
import { useJobTexts } from './texts'

type Named = Pick<JobStateFragment, 'id' | 'title' | 'kind'> & { reference?: string | null; url?: string }

/** Its title, else what tells it best from others. */
export const titleOf = (job: Named) => job.title ?? job.reference ?? (job.url && nameInUrl(job.url)) ?? job.id

/** Names kinds; one that a package brought is called as it calls itself. */
export function useKindName() {
  const t = useJobTexts()
  return (kind: string) => t(kind as 'leads', { defaultValue: kind })
}

/** As it stands there where it cannot be decoded: not every `%` begins a character of UTF-8. */
function nameInUrl(url: string) {
  try {
    const { hostname, pathname } = new URL(url)
    return decodeURIComponent(pathname.split('/').findLast(Boolean) ?? hostname)
  } catch {
    return url.split('/').findLast(Boolean) ?? url
  }
}
