// A person moves the corners of a doubtful sheet, corrects its field, and sees that it is settled.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, id }) => {
  const page = await open()
  const seen = {}
  await page.signIn()
  await page.goto(`./#/jobs/${id}`)
  const sheets = page.getByRole('region', { name: 'Sheets' })
  const sheet = sheets.getByRole('group', { name: 'doubtful.jpg' })
  const crop = sheet.getByAltText('What is marked at q3')
  await crop.waitFor()
  seen.marked = await sheet.getByAltText('Picture of doubtful.jpg').evaluate(image => image.decode().then(() => image.naturalWidth > 0))

  await sheet.getByRole('button', { name: 'Move the corners' }).click()
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await sheet.locator('button:focus').getByText('Move the corners').waitFor()
  await page.keyboard.press('Enter')
  const corner = page.getByRole('button', { name: /^Corner at the top left/ })
  const before = await corner.getAttribute('aria-label')
  await corner.focus()
  await page.keyboard.press('ArrowRight')
  await page.locator(`[aria-label^="Corner at the top left"]:not([aria-label="${before}"])`).waitFor()
  await page.getByRole('button', { name: 'Read again' }).click()
  await page.getByRole('dialog').waitFor({ state: 'hidden' })

  await sheet.getByLabel('Field q3').fill('nonsense')
  await sheet.getByRole('button', { name: 'Save the correction' }).click()
  seen.refusal = await sheet.getByRole('alert').innerText()
  await sheet.getByLabel('Field q3').fill('B')
  await sheet.getByRole('button', { name: 'Save the correction' }).click()
  await sheets.getByText('No sheet needs you.').waitFor()
  const all = sheets.getByRole('radio', { name: 'All' })
  await all.press('Space')
  await sheet.getByText('Reviewed by admin').waitFor()
  seen.isFocused = await all.evaluate(input => input === document.activeElement)
  return seen
})
