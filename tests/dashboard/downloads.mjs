// Somebody gives a slow download a fresh link and another bandwidth while it runs: in German, with a refusal of the server.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, id, url }) => {
  const page = await open({ locale: 'de-DE' })
  const seen = {}
  await page.signIn()
  await page.goto(`./#/jobs/${id}`)
  const bandwidth = page.getByLabel('KiB je Sekunde, 0 = unbegrenzt')
  await page.getByText('In Arbeit', { exact: true }).first().waitFor()
  seen.bandwidth = await bandwidth.inputValue()
  await page.getByRole('button', { name: 'Anhalten' }).click()

  const link = page.getByLabel('Ein frischer Link zur selben Datei')
  const goOn = page.getByRole('button', { name: 'Damit weiter' })
  await link.fill('ftp://elsewhere.example/file')
  await goOn.click()
  seen.refusal = await page.getByRole('alert').getByText('Adresse').innerText()
  await link.fill(`${url}schema.graphql?fresh`)
  await goOn.click()
  await page.getByText('In Arbeit', { exact: true }).first().waitFor()
  seen.source = await page.getByRole('region', { name: 'Quelle' }).getByText('?fresh').first().innerText()

  await bandwidth.fill('0')
  await page.getByRole('button', { name: 'Setzen', exact: true }).click()
  await page.getByText('Fertig', { exact: true }).first().waitFor()
  return seen
})
