// Somebody watches a job: its progress and log move, it is paused, resumed, and asks; its files are fetched; it is deleted.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, have }) => {
  const page = await open()
  const seen = {}
  await page.signIn()
  const id = await have('create', 'Watched', { items: 40, seconds: 20, failItems: [2] })
  await page.goto(`./#/jobs/${id}`)
  await page.getByRole('heading', { level: 1, name: 'Watched' }).waitFor()
  await page.getByTestId('numbers').getByText(/[1-9]\d* of 40/).waitFor()
  await page.waitForFunction(() => document.title.includes('%'))
  seen.title = await page.title()
  seen.eta = await page.getByTestId('numbers').getByText(/left/).innerText()

  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('Paused', { exact: true }).first().waitFor()
  seen.pausedActions = await page.locator('main header').getByRole('button').allInnerTexts()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByText('Processing', { exact: true }).first().waitFor()
  const toast = page.getByText('Watched is done, with failures').waitFor({ timeout: 120_000 }) // it does not stay

  const log = page.getByRole('log')
  await page.getByTestId('percentage').getByText('100').waitFor({ timeout: 60_000 })
  await log.getByText('Playing 40 items over 0 files.').waitFor()
  await log.getByText('39 of 40 items are done, 1 failed.').waitFor()
  seen.logLines = await log.locator('time').count()
  await toast
  await page.getByRole('button', { name: 'Retry failed items' }).waitFor()
  const items = page.getByRole('region', { name: 'Items' })
  const onlyFailed = items.getByRole('radio', { name: 'Failed' })
  await onlyFailed.press('Space')
  await items.getByRole('row').nth(1).waitFor({ state: 'detached' })
  seen.isFocused = await onlyFailed.evaluate(input => input === document.activeElement)
  await items.getByText('Failed, as it was told to.').waitFor()
  seen.failedItems = await items.getByRole('row').count()

  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByText('Delete “Watched”?').waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('heading', { level: 1, name: 'All jobs' }).waitFor()
  seen.stillListed = await page.getByRole('link', { name: 'Watched' }).count()
  await page.goto(`./#/jobs/${id}`)
  seen.gone = await page.getByText('This job does not exist').innerText()
  return { ...seen, complaints: page.complaints }
})
