// A person corrects a sheet; an answer of before its end comes after that: the sheets are read once more.
import { holdSheets } from './held_answers.mjs'
import { scenario } from './scenario.mjs'

await scenario(async ({ open, id }) => {
  const page = await open()
  await page.signIn()
  await page.goto(`./#/jobs/${id}`)
  const sheet = page.getByRole('region', { name: 'Sheets' }).getByRole('group', { name: 'doubtful.jpg' })
  await sheet.getByLabel('Field q3').fill('B')
  let isLate = true
  const answers = await holdSheets(page, () => (isLate ? 'hold' : 'on'))
  await sheet.getByRole('button', { name: 'Save the correction' }).click()
  await answers.isHeld()
  await page.getByRole('group', { name: 'History' }).getByText(/Completed.*Attempt 2/).waitFor()
  isLate = false
  const again = page.waitForRequest(request => /\/graphql/.test(request.url()) && request.postDataJSON()?.operationName === 'Sheets')
  await answers.release()
  await again
  return { complaints: page.complaints }
})
