/** Reading on in a list of pages. */
import { useEffect, useEffectEvent, useState } from 'react'
import { useOnReturn } from '../api/api'
import { pauseAfter } from '../api/pauses'

/** `load` reads the next page. What fails is tried again with growing pauses, and at once when a server that was away is back. */
export function useMore(read: () => Promise<unknown>) {
  const [isReading, setReading] = useState(false)
  const [failures, setFailures] = useState(0)

  async function load() {
    setReading(true)
    const isRead = await read().then(() => true, () => false)
    setFailures(count => (isRead ? 0 : count + 1))
    setReading(false)
  }

  const loadAgain = useEffectEvent(load)
  const rests = failures > 0 && !isReading
  useEffect(() => {
    if (!rests) return
    const timer = setTimeout(() => void loadAgain(), pauseAfter(failures))
    return () => clearTimeout(timer)
  }, [rests, failures])
  useOnReturn(() => void (rests && load()))

  return { isReading, hasFailed: failures > 0, load: () => void load() }
}
