// Somebody mistypes a password, signs in, sees a job come and end, changes language and colours, signs out, and goes on
// without an account.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, have, username, password }) => {
  const page = await open()
  const seen = {}
  const response = await page.goto('./')
  seen.policy = response.headers()['content-security-policy']
  await page.getByLabel('User name').fill(username)
  await page.locator('input[name=password]').fill('not this one')
  await page.getByRole('button', { name: 'Sign in' }).click()
  seen.refusal = await page.getByRole('alert').innerText()
  await page.locator('input[name=password]').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { level: 1, name: 'All jobs' }).waitFor()

  const other = await page.tab()
  await other.goto('./')
  await other.getByRole('heading', { level: 1, name: 'All jobs' }).waitFor()

  await page.getByText('Nothing here yet').waitFor()
  const toast = page.getByText('Seen by two tabs is done').waitFor() // it does not stay
  await have('create', 'Seen by two tabs')
  for (const tab of [page, other]) await tab.getByRole('link', { name: 'Seen by two tabs' }).waitFor()
  await page.getByRole('row', { name: /Seen by two tabs/ }).getByText('Completed').waitFor()
  await toast

  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByText('Dark', { exact: true }).click()
  seen.scheme = await page.locator('html').getAttribute('data-mantine-color-scheme')
  await page.getByText('Deutsch', { exact: true }).click()
  await page.getByRole('heading', { level: 1, name: 'Alle Aufträge' }).waitFor()
  seen.lang = await page.locator('html').getAttribute('lang')
  await page.getByRole('menuitem', { name: 'Abmelden' }).click()
  await page.getByLabel('Benutzername').waitFor()
  await other.getByLabel('User name').or(other.getByLabel('Benutzername')).waitFor()

  await page.getByRole('button', { name: 'Ohne Konto weiter' }).click()
  await page.getByRole('heading', { level: 1, name: 'Alle Aufträge' }).waitFor()
  await page.getByText('Hier ist noch nichts').waitFor() // what is the admin's is not seen
  seen.anonymous = await page.getByRole('button', { name: /^Konto von/ }).getAttribute('aria-label')
  await page.goto('./#/new?kind=demo')
  await page.getByRole('heading', { level: 1, name: 'Neue Arbeit' }).waitFor() // the list has a field for titles, too
  await page.getByLabel('Titel').fill('Ohne Konto')
  await page.getByLabel('Sekunden').fill('0')
  const begun = page.getByText('Gestartet: Ohne Konto').waitFor()
  await page.getByRole('button', { name: 'Starten', exact: true }).click()
  await begun
  await other.getByRole('row', { name: /Ohne Konto/ }).getByText(/^(Completed|Fertig)$/).waitFor()
  return { ...seen, complaints: page.complaints, hosts: [...page.hosts] }
})
