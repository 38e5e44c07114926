// Opens a page in Chromium, does `steps` there, and prints as JSON what each of them returned. A step is one of
//   { call, args }    a function of the page
//   { files }         paths, chosen in its file input
//   { reload: true }  the page, which ends what it was doing
//   { rest }          so many seconds
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'

const { executablePath, url, steps } = JSON.parse(process.argv[2])
const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
})

async function open(page) {
  await page.goto(url)
  await page.waitForFunction(() => 'ask' in window)
}

async function take(page, step) {
  if (step.call) return await page.evaluate(([name, args]) => window[name](...args), [step.call, step.args])
  if (step.files) return await page.setInputFiles('input', step.files)
  if (step.reload) return await open(page)
  return await sleep(1000 * step.rest)
}

try {
  const page = await browser.newPage()
  page.on('pageerror', (error) => console.error(error))
  await open(page)
  const results = []
  for (const step of steps) results.push((await take(page, step)) ?? null)
  process.stdout.write(JSON.stringify(results))
} finally {
  await browser.close()
}
