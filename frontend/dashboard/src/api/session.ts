/** A session that renews itself, shared by all tabs; see docs/clients.md. */

const ENDED = ['TOKEN_EXPIRED', 'INVALID_TOKEN', 'UNAUTHENTICATED']
const TOKENS = '{ accessToken expiresAt refreshToken user { id } }'
const LOGIN = `mutation Login($username: String!, $password: String!) { login(username: $username, password: $password) ${TOKENS} }`
const REFRESH = `mutation Refresh($token: String!) { refreshSession(refreshToken: $token) ${TOKENS} }`
const ANONYMOUS = `mutation Anonymous { startAnonymousSession ${TOKENS} }`
const LOGOUT = 'mutation Logout { logout }'
const KEY = 'waybill.session'
const MARGIN_MS = 60_000

type Tokens = { person: string; accessToken: string; refreshToken: string; goodUntil: number }
/** Of somebody who has not signed out, and must sign in again. */
type Ended = { person: string; accessToken?: never }
type Answer = { data?: Record<string, unknown>; errors?: readonly Refusal[] }
type Refusal = { message: string; extensions?: Record<string, unknown> }

/** A refusal of the server, with its code of `ErrorCode`. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message)
  }
}

export const isTokenEnded = (errors: readonly Refusal[]) =>
  errors.some(({ extensions }) => ENDED.includes(String(extensions?.['code'])))

export class Session {
  #renewal: Promise<void> | null = null // the one that is under way
  #listeners = new Set<() => void>()

  constructor(readonly endpoint: string) {
    window.addEventListener('storage', event => {
      if (event.key === KEY || event.key === null) this.#tell() // another tab signed in, out, or renewed
    })
  }

  /** The token as it is, for what may go without one. */
  token = () => this.#read()?.accessToken ?? null

  /** The id of who is signed in. */
  person = () => this.#read()?.person ?? null

  /** Who is signed in, or is to sign in again because the session ended by itself. */
  expectedPerson = () => this.#stored()?.person ?? null

  subscribe = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  signIn = (username: string, password: string) => this.#open(LOGIN, { username, password })

  startAnonymous = () => this.#open(ANONYMOUS, {})

  async signOut() {
    const token = this.token()
    this.#write(null)
    if (token) await this.#ask(LOGOUT, {}, token).catch(() => null) // it ends by itself where nobody was reached
  }

  /** A token to ask with; `refused` is one that the server has just not taken. */
  async freshToken(refused?: string): Promise<string> {
    const tokens = this.#read()
    if (!tokens) throw new Refused('Sign in first.', 'UNAUTHENTICATED')
    if (tokens.accessToken === refused || Date.now() > tokens.goodUntil) {
      this.#renewal ??= this.#renewOnce(tokens).finally(() => (this.#renewal = null))
      await this.#renewal
    }
    const fresh = this.#read()
    if (fresh?.person !== tokens.person) throw new Refused('Sign in first.', 'UNAUTHENTICATED')
    return fresh.accessToken
  }

  /** One tab renews, the others find what it got. Browsers have locks on HTTPS and on this machine only. */
  #renewOnce(tokens: Tokens): Promise<void> {
    const renew = async () => {
      if (this.#read()?.refreshToken === tokens.refreshToken) await this.#renew(tokens)
    }
    return navigator.locks ? navigator.locks.request(KEY, renew) : renew()
  }

  async #renew({ person, refreshToken }: Tokens) {
    const isStillIt = () => this.#read()?.refreshToken === refreshToken // and nobody has signed out or in meanwhile
    try {
      const tokens = await this.#askForTokens(REFRESH, { token: refreshToken })
      if (isStillIt()) this.#write(tokens)
    } catch (error) {
      if (!(error instanceof Refused) || !ENDED.includes(error.code)) return // not reached: the old token may do for now
      if (isStillIt()) this.#write({ person })
      throw error
    }
  }

  #open = async (query: string, variables: object) => this.#write(await this.#askForTokens(query, variables))

  async #askForTokens(query: string, variables: object): Promise<Tokens> {
    const { value, lifetime } = await this.#ask(query, variables)
    const { accessToken, refreshToken, user } = value as { accessToken: string; refreshToken: string; user: { id: string } }
    return { person: user.id, accessToken, refreshToken, goodUntil: Date.now() + lifetime - MARGIN_MS }
  }

  async #ask(query: string, variables: object, token?: string) {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }
    const response = await fetch(this.endpoint, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
    const { data, errors } = (await response.json()) as Answer
    if (errors?.[0]) throw new Refused(errors[0].message, String(errors[0].extensions?.['code']))
    const [value] = Object.values(data ?? {})
    const expiresAt = (value as { expiresAt?: string }).expiresAt ?? ''
    const lifetime = Date.parse(expiresAt) - Date.parse(response.headers.get('Date') ?? '') // this clock may be wrong
    return { value, lifetime }
  }

  #read(): Tokens | null {
    const stored = this.#stored()
    return stored?.accessToken ? stored : null
  }

  #stored(): Tokens | Ended | null {
    const text = localStorage.getItem(KEY)
    return text ? (JSON.parse(text) as Tokens | Ended) : null
  }

  #write(stored: Tokens | Ended | null) {
    if (stored) localStorage.setItem(KEY, JSON.stringify(stored))
    else localStorage.removeItem(KEY)
    this.#tell()
  }

  #tell() {
    for (const listener of this.#listeners) listener()
  }
}
