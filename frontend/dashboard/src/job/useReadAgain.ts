/** Reading again what a job has made once it has gone on. */
import { useEffect, useRef } from 'react'

/**
 * Calls `refetch` for each `moment` after the first that is known. One that comes while an answer is on its way waits for its end: the
 * same question would be given that answer, which may be of before.
 */
export function useReadAgain(moment: string | number | null, loading: boolean, refetch: () => Promise<unknown>) {
  const asked = useRef(moment)
  useEffect(() => {
    asked.current ??= moment
    if (loading || asked.current === moment) return
    const timer = setTimeout(() => { // a question has ended in the task after that of its answer
      asked.current = moment
      void refetch()
    })
    return () => clearTimeout(timer)
  }, [moment, loading, refetch])
}
