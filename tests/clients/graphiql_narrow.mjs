// The page at GET /graphql on a telephone in Chromium: what lies where, and whether a finger meets it. Prints as JSON what
// was seen before sign-in, after a mutation, with the documentation open, and of each dialog. The options:
//   executablePath       of Chromium
//   url                  of the page
//   username, password   of who signs in
import { chromium } from 'playwright-core'

const { executablePath, url, username, password } = JSON.parse(process.argv[2])
const DEADLINE = { timeout: 60_000 }

// In the page. Every button and field that is shown is scrolled to, and must be what lies at its own middle.
function layout() {
  const nameOf = element => element.getAttribute('aria-label') || element.name || element.innerText.trim()
  const shown = [...document.querySelectorAll('#bar input, #bar button, #page button')].filter(element => element.offsetParent)
  const problems = shown.flatMap(element => {
    element.scrollIntoView({ block: 'center' })
    const { left, top, right, width, height } = element.getBoundingClientRect()
    const hit = document.elementFromPoint(left + width / 2, top + height / 2)
    return [
      ...(element.contains(hit) ? [] : [`${nameOf(element)} is covered by ${hit?.className}`]),
      ...(left < 0 || right > innerWidth ? [`${nameOf(element)} is outside`] : []),
      ...(width < 40 || height < 40 ? [`${nameOf(element)} has ${width}x${height}`] : []),
    ]
  })
  const sizeOf = selector => {
    const { width, height } = document.querySelector(selector).getBoundingClientRect()
    return [Math.round(width), Math.round(height)]
  }
  return {
    controls: shown.map(nameOf), problems, pageWidth: document.documentElement.scrollWidth,
    editor: sizeOf('.graphiql-query-editor .graphiql-editor'), tool: sizeOf('.graphiql-editor-tool'), result: sizeOf('.result-window'),
  }
}

const browser = await chromium.launch({
  executablePath, headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
})

try {
  const page = await browser.newPage({ viewport: { width: 420, height: 800 }, hasTouch: true, isMobile: true })
  await page.goto(url)
  await page.waitForSelector('.graphiql-editor .monaco-editor', DEADLINE)
  const outcome = { before: await page.evaluate(layout) }
  await page.fill('input[name=username]', username)
  await page.fill('input[name=password]', password)
  await page.getByRole('button', { name: 'Sign in' }).tap()
  await page.waitForSelector('text=Signed in as', DEADLINE)
  await page.getByRole('button', { name: /Execute query/ }).tap()
  await page.waitForFunction(() => document.querySelector('.result-window')?.innerText.includes('createUpload'), null, DEADLINE)
  outcome.after = await page.evaluate(layout)
  await page.getByRole('button', { name: '3 Fetch' }).tap()
  outcome.third = (await page.locator('.graphiql-tab-active').innerText()).trim()
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).tap()
  await page.waitForSelector('.graphiql-doc-explorer', DEADLINE)
  outcome.documentation = await page.evaluate(layout)
  outcome.dialogs = []
  for (const name of ['Open short keys dialog', 'Open settings dialog']) {
    await page.getByRole('button', { name }).tap()
    const { x, y, width, height } = await page.locator('.graphiql-dialog').boundingBox()
    outcome.dialogs.push({ isInside: x >= 0 && y >= 0 && x + width <= 420 && y + height <= 800 })
    await page.keyboard.press('Escape')
    await page.waitForSelector('.graphiql-dialog', { state: 'detached', ...DEADLINE })
  }
  process.stdout.write(JSON.stringify(outcome))
} finally {
  await browser.close()
}
