// Somebody's session ends in the middle of an upload: renewed, then ended for good, then signed out of while it is renewed;
// at last somebody else is signed in before this tab has heard of it.
import { scenario } from './scenario.mjs'
import { openSlowLine } from './slow_line.mjs'

const KEY = 'waybill.session'
const ask = (page, query, token) =>
  page.evaluate(async ([query, token]) => {
    const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) }
    return (await (await fetch('./graphql', { method: 'POST', headers, body: JSON.stringify({ query }) })).json()).data
  }, [query, token])
const stored = page => page.evaluate(key => JSON.parse(localStorage.getItem(key)), KEY)
// As when its time is over: the server takes it no more, and the page does not know.
const spoil = page =>
  page.evaluate(key => {
    const session = JSON.parse(localStorage.getItem(key))
    localStorage.setItem(key, JSON.stringify({ ...session, accessToken: `${session.accessToken}x` }))
  }, KEY)

await scenario(async ({ open, username, password }) => {
  const page = await open()
  const seen = {}
  await page.signIn()
  let refreshes = 0
  page.on('request', request => (refreshes += request.postData()?.includes('refreshSession') ? 1 : 0))

  await page.goto('./#/new?kind=demo')
  await page.getByLabel('Failing items').first().waitFor()
  const line = await openSlowLine(page)
  await page.locator('form input[type=file]').setInputFiles({ name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(3_000_000, 'x') })
  await page.getByRole('textbox', { name: 'Title' }).fill('Sent across sessions')
  await page.getByLabel('Seconds').fill('0')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  const sending = page.getByRole('group', { name: 'large.bin' })
  await sending.getByText(/^Uploading · (?!0 )/).waitFor()

  await spoil(page)
  await page.getByRole('link', { name: 'Statistics' }).click()
  await page.getByText('Jobs per day').waitFor()
  seen.refreshes = refreshes

  await ask(page, 'mutation { logout }', (await stored(page)).accessToken)
  await page.getByText('Your session has ended. Uploads go on.').waitFor()
  await page.getByLabel('User name').fill(username)
  await page.locator('input[name=password]').fill(password)
  await page.locator('button[type=submit]').click()
  await page.getByRole('link', { name: 'New work' }).first().click()
  await sending.getByText(/^Uploading · (?!0 )/).waitFor()
  await line.release()
  await sending.getByText(/^Sent/).waitFor()
  await page.getByRole('link', { name: 'To its job' }).click()
  await page.getByText('Completed', { exact: true }).first().waitFor()

  let letGo
  const isAsked = new Promise(resolve =>
    page.route('**/graphql', route => {
      if (!route.request().postData()?.includes('refreshSession')) return route.continue()
      letGo = () => route.continue()
      resolve()
    }),
  )
  await spoil(page)
  await page.getByRole('link', { name: 'Administration' }).click()
  await isAsked
  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByLabel('User name').waitFor()
  const answered = page.waitForResponse(response => Boolean(response.request().postData()?.includes('refreshSession')))
  await letGo()
  await (await answered).finished()
  await page.waitForTimeout(300)
  seen.signedOut = [await stored(page), await page.getByLabel('User name').isVisible()]
  await page.unroute('**/graphql')

  await page.signIn()
  await page.getByRole('link', { name: 'Sent across sessions' }).waitFor()
  const other = await page.tab()
  await other.goto('./')
  const { startAnonymousSession: session } = await ask(other, 'mutation { startAnonymousSession { accessToken refreshToken user { id } } }')
  await other.evaluate(([key, { accessToken, refreshToken, user }]) => {
    localStorage.removeItem(key)
    localStorage.setItem(key, JSON.stringify({ person: user.id, accessToken, refreshToken, goodUntil: Date.now() + 600_000 }))
  }, [KEY, session])
  await page.getByRole('button', { name: 'Account of anonymous session' }).waitFor()
  await page.getByText('Nothing here yet').waitFor()
  seen.complaints = page.complaints.filter(text => !/Failed to load resource|WebSocket/.test(text))
  return seen
})
