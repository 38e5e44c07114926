/** report.json of a batch of leads, as docs/leads.md describes it. */
import { useEffect, useState } from 'react'

export type ReportColumn = { column: string; heading: string; field: string | null; reason: string }
type Report = { columns: ReportColumn[] }

export function useReport(url: string) {
  const [report, setReport] = useState<Report | null>(null)
  const [error, setError] = useState<unknown>(null)
  useEffect(() => {
    const leaving = new AbortController()
    read(url, leaving.signal).then(setReport, problem => !leaving.signal.aborted && setError(problem))
    return () => leaving.abort()
  }, [url])
  return { report, error }
}

async function read(url: string, signal: AbortSignal): Promise<Report> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(response.statusText)
  return (await response.json()) as Report
}
