/** What stands after the `?` of the address. */
import { useSearchParams } from 'react-router'

/** The setter of React Router begins with what was drawn last: of two changes in quick succession it forgets the first. */
export function useSearch() {
  const [search, setSearch] = useSearchParams()
  const change = (changed: (before: URLSearchParams) => URLSearchParams) => setSearch(changed(searchNow()), { replace: true })
  return [search, change] as const
}

const searchNow = () => new URLSearchParams(window.location.hash.split('?')[1])
