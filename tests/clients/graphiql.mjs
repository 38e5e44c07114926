// A person with the page at GET /graphql in Chromium: signs in, runs the first tab, watches a job in the second one.
// Prints what they saw as JSON. The options:
//   executablePath       of Chromium
//   url                  of the page
//   username, password   of who signs in
//   jobId                of a batch that has not ended
import { chromium } from 'playwright-core'

const { executablePath, url, username, password, jobId } = JSON.parse(process.argv[2])
const PATIENCE = { timeout: 60_000 }
// What an editor shows, without line numbers and its own spaces.
async function textOf(place) {
  const lines = await place.locator('.view-lines:visible').first().innerText()
  return lines.replace(/\s+/gu, '')
}

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
})

try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, ignoreHTTPSErrors: true })
  const hosts = new Set()
  const complaints = []
  page.on('request', request => hosts.add(new URL(request.url()).host))
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  const response = await page.goto(url)
  await page.waitForSelector('.graphiql-editor .monaco-editor', PATIENCE)
  const outcome = { policy: response.headers()['content-security-policy'] }
  outcome.tabs = await page.locator('.graphiql-tab-button').allInnerTexts()
  outcome.headerBox = await page.getByRole('button', { name: 'Headers' }).isVisible()

  await page.fill('input[name=username]', username)
  await page.fill('input[name=password]', password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForSelector('text=Signed in as', PATIENCE)
  await page.waitForFunction(() => document.querySelector('.graphiql-editor-tool').innerText.includes('Bearer'), null, PATIENCE)
  outcome.headers = await textOf(page.locator('.graphiql-editor-tool'))

  const answer = page.locator('.result-window')
  async function run(operation) {
    await page.getByRole('button', { name: /Execute query/ }).click()
    if (operation) await page.getByRole('menuitem', { name: operation }).click()
  }
  await run()
  await page.waitForFunction(() => document.querySelector('.result-window')?.innerText.includes('createUpload'), null, PATIENCE)
  outcome.upload = await textOf(answer)

  await page.locator('.graphiql-tab-button').nth(1).click()
  await page.getByRole('button', { name: 'Variables' }).click()
  await page.locator('.graphiql-editor-tool .monaco-editor').first().click()
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.insertText(JSON.stringify({ batchId: jobId, uploadIds: [] }))
  await page.keyboard.press('ControlOrMeta+Shift+End') // what the editor has closed by itself
  await page.keyboard.press('Delete')
  await run('WatchBatch')
  await page.waitForFunction(() => document.querySelector('.result-window')?.innerText.includes('batchUpdated'), null, PATIENCE)
  outcome.watched = await textOf(answer)
  outcome.hosts = [...hosts]
  outcome.complaints = complaints
  process.stdout.write(JSON.stringify(outcome))
} finally {
  await browser.close()
}
