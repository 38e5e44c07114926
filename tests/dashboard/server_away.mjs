// The server is killed in the middle of a batch: a banner in both tabs, then the right state without reloading.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, have, rows }) => {
  const page = await open()
  await page.signIn()
  const other = await page.tab()
  await other.goto('./#/batches')
  await other.getByRole('heading', { level: 1, name: 'Batches' }).waitFor()
  const id = await have('create', 'Survivor')
  await page.goto(`./#/jobs/${id}`)
  const third = await page.tab()
  await third.goto('./#/administration/limits')
  await third.getByRole('tab', { name: 'Webhooks' }).waitFor()
  const row = other.getByRole('row', { name: /Survivor/ })
  const tabs = [page, other]
  const total = rows.toLocaleString('en-GB')
  const whole = new RegExp(`^${total} of ${total}`)
  await page.getByTestId('numbers').getByText(new RegExp(`[1-9][\\d,]* of ${total}`)).waitFor()
  await row.getByText('Processing').waitFor()
  for (const tab of tabs) await tab.evaluate(() => (window.isTheSamePage = true))

  const done = await have('kill')
  for (const tab of tabs) await tab.getByTestId('server-away').waitFor()
  await third.getByRole('tab', { name: 'Webhooks' }).click()
  await third.getByRole('button', { name: 'Try again' }).waitFor()
  const toasts = tabs.map(tab => tab.getByText('Survivor is done, with failures').waitFor({ timeout: 240_000 })) // they do not stay
  await have('start')
  for (const tab of tabs) await tab.getByTestId('server-away').waitFor({ state: 'hidden' })
  await page.getByTestId('percentage').getByText('100').waitFor({ timeout: 240_000 })
  await Promise.all(toasts)
  await page.getByText('Completed', { exact: true }).first().waitFor()
  await third.getByRole('button', { name: 'Create webhook' }).waitFor() // tried again by itself
  await row.getByText('Completed').waitFor()
  await row.getByText(whole).waitFor()
  await page.getByRole('link', { name: 'leads.csv' }).waitFor()
  const numbers = await page.getByTestId('numbers').innerText()
  const areTheSame = await Promise.all(tabs.map(tab => tab.evaluate(() => window.isTheSamePage)))
  return { id, done, numbers, areTheSame }
})
