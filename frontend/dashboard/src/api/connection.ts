/** Whether the server can be reached, and what its clock says. */

type Listener = () => void

export class Connection {
  #isAway = false
  #skewMs = 0
  #changed = new Set<Listener>()
  #returned = new Set<Listener>()

  isAway = () => this.#isAway

  /** The server's time, for what is compared with its own moments. */
  now = () => new Date(Date.now() + this.#skewMs)

  onChange = (listener: Listener) => listen(this.#changed, listener)

  /** Called when the server is back after it was away: what a page has read may be old by then. */
  onReturn = (listener: Listener) => listen(this.#returned, listener)

  /** As `fetch`, and notes what the answer tells of the server. */
  fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    try {
      const response = await fetch(input, init)
      this.#readClock(response.headers.get('Date'))
      this.say(response.status >= 502 && response.status <= 504)
      return response
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) this.say(true)
      throw error
    }
  }

  say(isAway: boolean) {
    if (isAway === this.#isAway) return
    this.#isAway = isAway
    for (const listener of [...this.#changed, ...(isAway ? [] : this.#returned)]) listener()
  }

  #readClock(date: string | null) {
    const skew = Date.parse(date ?? '') - Date.now()
    if (Math.abs(skew) > 2_000) this.#skewMs = skew // the header has whole seconds
  }
}

function listen(listeners: Set<Listener>, listener: Listener) {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
