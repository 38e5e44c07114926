// Somebody looks at what became of a file of leads, and has another column read as the notes: in German.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, job }) => {
  const page = await open({ locale: 'de-DE' })
  const fieldOf = heading => page.getByLabel(`Gelesen als: ${heading}`, { exact: true })
  await page.signIn()
  await page.goto(`./#/jobs/${job}`)
  const leads = page.getByRole('region', { name: 'Leads' })
  await leads.getByRole('cell', { name: /^Ruby O'Shea/ }).first().waitFor()
  await page.getByRole('tab', { name: 'Spalten' }).click()
  const before = [await fieldOf('Job Title').inputValue(), await fieldOf('Remarks').inputValue()]
  await fieldOf('Job Title').selectOption('notes')
  await page.getByRole('button', { name: 'Mit diesen Spalten neu lesen' }).click()
  await page.waitForURL(url => !url.hash.includes(job))
  await page.getByTestId('percentage').getByText('100').waitFor({ timeout: 60_000 })
  await page.getByRole('tab', { name: 'Spalten' }).click()
  const after = [await fieldOf('Job Title').inputValue(), await fieldOf('Remarks').inputValue()]
  return { before, after, complaints: page.complaints }
})
