// The server is killed while a job runs: a banner, then the right state in both tabs without reloading.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, have }) => {
  const page = await open()
  await page.signIn()
  const id = await have('create', 'Survivor', { items: 30, seconds: 20 })
  await page.goto(`./#/jobs/${id}`)
  await page.getByTestId('numbers').getByText(/[1-9]\d* of 30/).waitFor()
  const other = await page.tab()
  await other.goto('./#/jobs')
  const row = other.getByRole('row', { name: /Survivor/ })
  await row.getByText('Processing').waitFor()
  for (const tab of [page, other]) await tab.evaluate(() => (window.isTheSamePage = true))

  await have('kill')
  await page.getByTestId('server-away').waitFor()
  const told = page.getByText('Survivor is done').waitFor({ timeout: 120_000 }) // a toast: it does not stay
  await have('start')
  await page.getByTestId('server-away').waitFor({ state: 'hidden', timeout: 60_000 })
  await page.getByTestId('percentage').getByText('100').waitFor({ timeout: 60_000 })
  await told
  await row.getByText('Completed').waitFor()
  const badge = await page.getByText('Completed', { exact: true }).first().isVisible()
  const areTheSame = await Promise.all([page, other].map(tab => tab.evaluate(() => window.isTheSamePage)))
  return { badge, areTheSame }
})
