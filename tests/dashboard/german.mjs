// Somebody reads in German what the server says of jobs: statuses, stages, reasons, the log.
import { scenario } from './scenario.mjs'

// As the server words it, for somebody whose page knows nothing of the kind's files.
const REFUSAL = { data: null, errors: [{ message: 'leads takes .csv, .xlsx; “a.pdf” is none of them.', extensions: { code: 'BAD_INPUT' } }] }

await scenario(async ({ open, leads, demo, duplicate, waiting }) => {
  const page = await open({ locale: 'de-DE', timezoneId: 'Asia/Kolkata' })
  const seen = {}
  await page.signIn()
  const named = name => page.getByRole('region', { name, exact: true })
  const openJob = async id => {
    await page.goto(`./#/jobs/${id}`)
    await named('Verlauf').waitFor()
  }

  await openJob(demo)
  seen.status = await page.locator('main header').getByRole('status').getByText('fertig').innerText()
  seen.stages = (await named('Verlauf').innerText()).split('\n').filter(line => line.startsWith('Wird ') || line.startsWith('Das '))
  await named('Geschichte').getByText('Wartet auf einen freien Worker.').waitFor()
  seen.failed = await named('Elemente').getByText('befohlen').innerText()

  await openJob(leads)
  const items = named('Elemente')
  await items.locator('label', { hasText: 'Ausgelassen' }).click()
  seen.skipped = await items.getByText('Dublette').first().innerText()
  await items.locator('label', { hasText: 'Fehlgeschlagen' }).click()
  seen.invalid = await items.getByText('Zeile 17 hat').innerText()
  const log = page.getByRole('log')
  await log.getByText(/Leads behalten/).waitFor()
  seen.columns = await log.getByText(/^Spalten: /).innerText()
  await named('Leads').getByRole('tab', { name: 'Spalten' }).click()
  await named('Leads').getByText('So heißt die Spalte').first().waitFor()
  seen.english = await page.locator('main [lang=en]').allInnerTexts()

  await openJob(duplicate)
  seen.duplicate = await named('Elemente').getByText('schon einmal').innerText()
  await named('Elemente').getByRole('link', { name: /^download-/ }).click()
  await page.getByText('Fertig', { exact: true }).first().waitFor()

  await openJob(waiting)
  seen.waiting = await page.locator('main header').getByRole('status').getByText('Wartet bis').innerText()
  await page.goto('./#/downloads')
  seen.listed = await page.locator('tbody tr[data-index]').getByText('Wartet bis').innerText()

  await page.goto('./#/new?kind=demo')
  await page.getByText('Diese schlagen fehl, jedes für sich.').waitFor()
  await page.route(/\/graphql/, route => (/mutation/.test(route.request().postData()) ? route.fulfill({ json: REFUSAL }) : route.continue()))
  await page.getByRole('button', { name: 'Starten' }).click()
  seen.kind = await page.getByText('gehört nicht dazu').innerText()
  await page.route(/\/graphql/, async route => {
    if (!route.request().postData().includes('auditLog')) return route.continue()
    const response = await route.fetch()
    return route.fulfill({ response, body: (await response.text()).replace(/("detail":\s*"users: [^"]*)/, '$1 (and 2 more)') })
  })
  await page.goto('./#/administration/audit')
  seen.refused = await page.getByRole('row').filter({ hasText: 'Verweigert' }).last().getByRole('cell').last().innerText()
  seen.deed = await page.getByRole('row').filter({ hasText: 'Angemeldet' }).last().getByRole('cell').last().innerText()
  return { ...seen, complaints: page.complaints }
})
