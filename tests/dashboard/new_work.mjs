// Somebody starts work of several kinds; one upload is paused, survives the server and the tab, and goes on with its file.
import { scenario } from './scenario.mjs'
import { openSlowLine } from './slow_line.mjs'

const BYTES = 3_000_000
const fileOf = (name, size) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.alloc(size, 'x') })

await scenario(async ({ open, have, url, leads }) => {
  const page = await open()
  const seen = {}
  await page.signIn()
  const files = page.locator('form input[type=file]')
  const start = page.getByRole('button', { name: 'Start', exact: true })

  await page.goto('./#/new?kind=leads')
  await files.setInputFiles([fileOf('photo.heic', 10), fileOf('nothing.csv', 0)])
  await page.getByText('This kind of file is not taken here').waitFor()
  await page.getByText('The file is empty').waitFor()
  seen.wrongFiles = await start.isDisabled()
  await page.getByRole('button', { name: 'Remove all' }).click()
  await files.setInputFiles(leads)
  await start.click()
  await page.getByRole('group', { name: 'leads.xlsx' }).getByText(/^Sent/).waitFor()

  await page.getByRole('radio', { name: 'Answer sheets' }).click()
  await page.getByLabel(/^Reference/).waitFor()
  await files.setInputFiles(fileOf('sheet.png', 10))
  await page.getByRole('radio', { name: 'Pictures' }).click()
  seen.withoutReference = await start.isDisabled()
  await page.getByLabel(/^Reference/).fill('1234567')
  seen.reference = await page.getByText('The reference has exactly 8 digits').innerText()
  seen.sevenDigits = await start.isDisabled()
  await page.getByLabel(/^Reference/).fill('12345678')
  await page.getByRole('button', { name: 'Start', exact: true, disabled: false }).waitFor()

  await page.getByRole('radio', { name: 'Downloads' }).click()
  const urls = page.getByRole('textbox', { name: 'URLs' })
  await urls.fill('ftp://elsewhere/file')
  await page.getByText('No http or https URL: ftp://elsewhere/file').waitFor()
  await urls.fill(`${url}schema.graphql`)
  await page.getByRole('button', { name: 'More options' }).click()
  const endings = page.getByLabel('Endings to leave out').first()
  await endings.fill('graphql')
  await endings.press('Enter')
  await page.getByRole('button', { name: 'What would be fetched?' }).click()
  const plan = page.getByRole('group', { name: `${url}schema.graphql` })
  await plan.getByText('1 file would be left out').waitFor()
  seen.planned = await plan.getByRole('row').allInnerTexts()
  await endings.press('Backspace')
  await page.getByRole('button', { name: 'What would be fetched?' }).click()
  await plan.getByText(/^1 file would be fetched/).waitFor()
  const begun = page.getByText('Started: schema.graphql').waitFor()
  await page.getByRole('button', { name: 'Fetch', exact: true }).click()
  await begun
  await urls.and(page.locator(':placeholder-shown')).waitFor() // what is begun is no more in the list
  seen.left = await urls.inputValue()

  await page.getByRole('radio', { name: 'Demo' }).click()
  await page.getByLabel('Failing items').first().waitFor()
  const line = await openSlowLine(page)
  await files.setInputFiles(fileOf('large.bin', BYTES))
  await page.getByLabel('Title').fill('Sent in pieces')
  await page.getByLabel('Seconds').fill('0')
  await start.click()
  const sending = page.getByRole('group', { name: 'large.bin' })
  await sending.getByText(/^Uploading · (?!0 )/).waitFor()
  await page.getByRole('button', { name: 'Pause large.bin' }).click()
  await sending.getByText(/^Paused/).waitFor()
  await page.getByRole('button', { name: 'Resume large.bin' }).click()
  await sending.getByText(/^Uploading/).waitFor()
  await have('kill')
  await page.getByTestId('server-away').waitFor()
  await line.break()
  await have('start')
  const goesOn = line.nextRequest() // by itself
  await page.getByTestId('server-away').waitFor({ state: 'hidden' })
  await goesOn
  seen.complaints = page.complaints.filter(text => !/Failed to load resource|WebSocket|ERR_/.test(text))
  const tab = await page.tab()
  await page.close()

  await tab.goto('./#/new')
  const unfinished = tab.getByRole('region', { name: 'Unfinished uploads' })
  await unfinished.getByRole('group', { name: 'large.bin' }).getByText(/^97\d kB of 2.9 MB/).waitFor()
  const again = unfinished.locator('input[type=file]')
  await again.setInputFiles(fileOf('large.bin', BYTES - 1))
  seen.stranger = await unfinished.getByRole('alert').innerText()
  await again.setInputFiles(fileOf('large.bin', BYTES))
  await tab.getByRole('group', { name: 'large.bin' }).getByText(/^Sent/).waitFor()
  await tab.getByRole('link', { name: 'To its job' }).click()
  await tab.getByRole('heading', { level: 1, name: 'Sent in pieces' }).waitFor()
  await tab.getByText('Completed', { exact: true }).first().waitFor()
  return seen
})
