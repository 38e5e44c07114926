// Somebody without a mouse signs in, skips to the content, searches, opens a job and cancels it.
import { scenario } from './scenario.mjs'

await scenario(async ({ open, username, password, title }) => {
  const page = await open()
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve())
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '')
  async function tabTo(name) {
    for (let count = 0; count < 60; count++) {
      await press('Tab')
      if ((await focused()).includes(name)) return
    }
    throw new Error(`${name} cannot be reached by keyboard.`)
  }
  await page.goto('./')
  await page.getByLabel('User name').waitFor()
  await press('Tab')
  await page.keyboard.insertText(username)
  await press('Tab')
  await page.keyboard.insertText(password)
  await press('Enter')
  await page.getByRole('link', { name: title }).waitFor()
  await tabTo('Skip to the content')
  await press('Enter')
  await tabTo('Search')
  await page.keyboard.type(title)
  await page.waitForURL(/q=/)
  await tabTo(title)
  await press('Enter')
  await page.getByRole('heading', { level: 1, name: title }).waitFor()
  await tabTo('Cancel')
  await press('Enter')
  await page.getByText('Cancelled', { exact: true }).first().waitFor()
  return true
})
