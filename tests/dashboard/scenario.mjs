// Plays a scenario in Chromium for tests/dashboard/browser.py: what the test is asked to do, and at the end what was
// seen, goes out as lines of JSON; the answers of the test come in as lines.
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const { endpoint, ...options } = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = message => process.stdout.write(`${JSON.stringify(message)}\n`)

// Has the test do something to the server: kill, start, …; answers what it answers.
async function have(action, ...args) {
  say({ do: action, args })
  return JSON.parse((await lines.next()).value)
}

export async function scenario(play) {
  const browser = await chromium.connect(endpoint)
  const pages = []
  try {
    say({ seen: (await play({ ...options, have, open: (settings = {}) => open(browser, pages, settings) })) ?? null })
  } catch (error) {
    for (const page of pages) console.error(await stateOf(page))
    throw error
  } finally {
    await browser.close()
    process.stdin.destroy()
  }
}

// A page of a person of its own; `tab()` is another tab of the same person.
async function open(browser, pages, { width = 1280, height = 900, dark = false, locale = 'en-GB', timezoneId = 'UTC' }) {
  const context = await browser.newContext({
    baseURL: options.url,
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    locale,
    timezoneId,
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(60_000)
  const complaints = []
  const hosts = new Set()
  context.on('request', request => hosts.add(new URL(request.url()).host))
  context.on('weberror', error => complaints.push(String(error.error())))
  context.on('console', message => message.type() === 'error' && complaints.push(message.text()))
  const page = await context.newPage()
  const waiting = new Set()
  page.on('request', request => waiting.add(request))
  for (const end of ['requestfinished', 'requestfailed']) page.on(end, request => waiting.delete(request))
  pages.push(Object.assign(page, { waiting }))
  return Object.assign(page, { complaints, hosts, tab: () => context.newPage(), signIn: name => signIn(page, name) })
}

// What a scenario that failed had before it: for whoever reads why.
async function stateOf(page) {
  const requests = [...page.waiting].map(request => `${request.method()} ${request.url()} ${request.postData() ?? ''}`.slice(0, 300))
  const text = await page.locator('body').innerText({ timeout: 5_000 }).catch(String)
  return `${page.url()}\nwaits for: ${requests.join('\n') || 'nothing'}\ncomplaints: ${page.complaints.join('\n')}\n${text.slice(0, 3_000)}`
}

async function signIn(page, { username, password } = options) {
  await page.goto('./')
  await page.getByLabel('User name').or(page.getByLabel('Benutzername')).fill(username)
  await page.locator('input[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
  await page.getByRole('button', { name: /^(Account of|Konto von)/ }).waitFor()
}
