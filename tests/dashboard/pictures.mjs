// Takes the pictures of `pages` (name to path and words that are there when it is ready) into `folder`: wide and narrow,
// light and dark. Before each the test has its say: what moves must move in the picture, too.
import { scenario } from './scenario.mjs'

const LOOKS = {
  'wide-light': { width: 1280, height: 800 },
  'wide-dark': { width: 1280, height: 800, dark: true },
  'narrow-light': { width: 360, height: 740 },
  'narrow-dark': { width: 360, height: 740, dark: true },
}

await scenario(async ({ open, have, folder, pages }) => {
  for (const [look, settings] of Object.entries(LOOKS)) {
    const page = await open(settings)
    await page.goto('./')
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    await page.screenshot({ path: `${folder}/sign-in-${look}.png` })
    await page.signIn()
    await page.mouse.move(0, 0) // nothing looks pointed at
    for (const [name, { path, words }] of Object.entries(pages)) {
      await page.goto(`./#${(await have('prepare', name)) ?? path}`)
      await page.getByText(words).first().waitFor()
      await page.waitForTimeout(500) // charts and bars come to rest
      await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: false })
    }
    await page.context().close()
  }
})
