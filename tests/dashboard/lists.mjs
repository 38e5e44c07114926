// Somebody looks through 1,000 jobs: filters them, orders them, shares the address, reads them to the end.
import { scenario } from './scenario.mjs'

// How many rows a short way draws anew: each of them writes a date.
async function datesWrittenByScrolling() {
  const { get } = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, 'format')
  let count = 0
  Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', { configurable: true, get() { count++; return get.call(this) } })
  const scrolled = new Promise(resolve => addEventListener('scrollend', resolve, { once: true }))
  scrollBy(0, 5)
  await scrolled
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', { configurable: true, get })
  return count
}

await scenario(async ({ open, have }) => {
  const page = await open()
  const seen = {}
  await page.signIn()
  const count = page.getByText(/^[\d,]+ jobs?$/)
  await count.filter({ hasText: '1,000' }).waitFor()
  const rows = page.locator('tbody tr[data-index]')
  await rows.first().waitFor()
  seen.rowsInPage = await rows.count()
  await page.waitForLoadState('networkidle')
  seen.drawnAnew = await page.evaluate(datesWrittenByScrolling)

  await page.getByLabel('Search titles and file names').fill('number 77')
  await count.filter({ hasText: '11' }).waitFor()
  seen.address = new URL(page.url()).hash
  await page.getByRole('button', { name: 'Title' }).click()
  await page.getByRole('columnheader', { name: 'Title' }).and(page.locator('[aria-sort=ascending]')).waitFor()
  await rows.first().getByText('Number 77', { exact: true }).waitFor()

  const other = await page.tab()
  await other.goto(page.url())
  await other.locator('tbody tr[data-index]').first().getByText('Number 77', { exact: true }).waitFor()
  seen.shared = await other.locator('tbody tr[data-index] a').allInnerTexts()
  await other.close()

  // Two changes of the address before the page is drawn anew.
  const clear = await page.getByRole('button', { name: 'Clear filters' }).last().elementHandle()
  const created = await page.getByRole('columnheader', { name: 'Created' }).getByRole('button').elementHandle()
  await page.evaluate(buttons => buttons.forEach(button => button.click()), [clear, created])
  await count.filter({ hasText: '1,000' }).waitFor()
  const id = await have('create', 'Newest of all')
  await rows.first().getByText('Newest of all').waitFor()
  await count.filter({ hasText: '1,001' }).waitFor()
  await have('fetch', '50%off/M%E4rz.pdf')
  await rows.first().getByText('M%E4rz.pdf', { exact: true }).waitFor()
  await count.filter({ hasText: '1,002' }).waitFor()
  seen.rowsAfter = await rows.count()

  // To the end: pages come as they are needed, and few rows are in the page at any time.
  seen.most = 0
  while (!(await page.getByText('Number 0', { exact: true }).count())) {
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
    seen.most = Math.max(seen.most, await rows.count())
    await page.waitForTimeout(50)
  }
  await page.evaluate(() => window.scrollTo(0, 0))
  await page.getByRole('link', { name: 'Newest of all' }).click()
  await page.getByRole('heading', { level: 1, name: 'Newest of all' }).waitFor()
  seen.opened = page.url().endsWith(`#/jobs/${id}`)
  await page.goto('./#/statistics')
  const shares = page.getByRole('region', { name: 'By status' }).getByText(/ · /)
  await shares.last().waitFor()
  seen.shares = await shares.allInnerTexts()
  await page.goBack()
  await page.goBack()
  await count.filter({ hasText: '1,002' }).waitFor()
  return { ...seen, complaints: page.complaints }
})
