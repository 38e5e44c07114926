// An admin sees figures move, and sets up a user, a token and a webhook; a user sees what is theirs alone.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, have }) => {
  const page = await open()
  const seen = {}
  await page.signIn()
  await page.goto('./#/statistics')
  const jobs = page.getByRole('region', { name: 'Jobs', exact: true })
  await jobs.getByText('0', { exact: true }).waitFor()
  await have('create', 'Counted')
  await jobs.getByText('1', { exact: true }).waitFor()
  await page.getByRole('region', { name: 'Success rate' }).getByText('100%').waitFor()
  await page.getByText('As a table').click()
  seen.day = await page.getByRole('region', { name: 'Jobs per day' }).getByRole('row').last().getByRole('cell').allInnerTexts()

  await page.getByRole('link', { name: 'Administration' }).click()
  await page.locator('input[name=username]').fill('maria')
  await page.locator('input[name=password]').fill('correct horse')
  await page.getByRole('button', { name: 'Create user' }).click()
  const maria = page.getByRole('row', { name: /^maria/ })
  await maria.getByText('Active').waitFor()

  await page.getByRole('tab', { name: 'API tokens' }).click()
  await page.getByLabel('What the program is').fill('nightly import')
  await page.getByRole('button', { name: 'Create token' }).click()
  seen.shownOnce = await page.getByRole('status').filter({ hasText: 'Copy it now' }).innerText()
  await page.getByRole('button', { name: 'Revoke nightly import' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('None yet').waitFor()

  await page.getByRole('tab', { name: 'Webhooks' }).click()
  await page.getByLabel('URL').fill('https://receiver.example/hook')
  await page.getByRole('button', { name: 'Create webhook' }).click()
  const webhook = page.getByRole('region', { name: 'https://receiver.example/hook' })
  await webhook.getByText('Nothing was sent yet.').waitFor()
  await webhook.getByLabel('Active').click()
  await webhook.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('None yet').waitFor()

  await page.getByRole('tab', { name: 'Limits' }).click()
  await page.getByText('Your operations are not limited.').waitFor()
  await page.getByRole('tab', { name: 'Audit log' }).click()
  await page.getByRole('cell', { name: 'Signed in', exact: true }).first().waitFor()
  seen.complaints = page.complaints

  const other = await open()
  await other.signIn({ username: 'maria', password: 'correct horse' })
  await other.goto('./#/administration/users')
  await other.getByRole('tab', { name: 'API tokens' }).waitFor()
  seen.tabsOfUser = await other.getByRole('tab').allInnerTexts()
  await page.getByRole('tab', { name: 'Users' }).click()
  await maria.getByRole('button', { name: 'Disable maria' }).click()
  await maria.getByText('Disabled').waitFor()
  await other.getByLabel('User name').waitFor()
  return seen
})
