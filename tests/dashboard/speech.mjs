// Somebody has a recording aligned: sees what is paired, is asked about a word, corrects its pronunciation, gets the TextGrid.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, recording, transcript }) => {
  const page = await open()
  const seen = {}
  const text = (name, content) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) })
  const files = page.locator('form input[type=file]')
  await page.signIn()

  await page.goto('./#/new?kind=alignment')
  const start = page.getByRole('button', { name: 'Start', exact: true })
  await files.setInputFiles([recording])
  await page.getByText('harbour.flac has no transcript of the same name').waitFor()
  seen.withoutTranscript = await start.isDisabled()
  await files.setInputFiles(transcript)
  await page.getByText('harbour.flac + harbour.txt').waitFor()
  await files.setInputFiles(text('other.txt', 'Nothing.'))
  await page.getByText('other.txt has no recording of the same name').waitFor()
  await page.getByRole('button', { name: 'Remove other.txt' }).click()
  seen.language = await page.getByLabel('Language').first().inputValue()
  await page.getByLabel(/^Ask about words/).click()
  await start.click()
  await page.getByRole('link', { name: 'To its job' }).first().click()

  const speech = page.getByRole('region', { name: 'Speech' })
  seen.missing = await speech.getByRole('row', { name: /blorfkin/ }).getByRole('cell').first().innerText()
  await page.getByText('Needs you', { exact: true }).first().waitFor()
  await speech.locator('input[type=file]').setInputFiles(text('missing.dict', 'blorfkin B L AO R F K IH N\n'))
  await page.getByText('Completed', { exact: true }).first().waitFor()
  await speech.getByRole('link', { name: 'TextGrid' }).waitFor()
  return { ...seen, complaints: page.complaints }
})
