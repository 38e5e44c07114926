// axe judges every page, light and dark, wide and narrow; then a person does without a mouse.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { scenario } from './scenario.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const GRAVE = ['serious', 'critical']

await scenario(async ({ open, pages }) => {
  const found = []
  for (const look of [{}, { dark: true }, { width: 360, height: 740 }]) {
    const page = await open(look)
    const judge = async where => {
      const { violations } = await page.evaluate(`(() => { ${AXE}; return axe.run() })()`)
      const grave = violations.filter(({ impact }) => GRAVE.includes(impact))
      for (const { id, nodes } of grave) found.push({ ...look, where, id, at: nodes.map(node => node.html).slice(0, 2) })
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      if (width > (look.width ?? 1280)) found.push({ ...look, where, id: 'wider than the screen', width })
      const cut = await page.locator('button').evaluateAll(buttons => buttons.flatMap(({ children: [inner], textContent }) => [...(inner?.children ?? [])].some(part => part.scrollWidth > part.clientWidth + 1) ? [textContent] : []))
      for (const button of cut) found.push({ ...look, where, id: 'a button that does not show all its words', button })
    }
    await page.goto('./')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await judge('sign-in')
    await page.signIn()
    for (const [where, words] of Object.entries(pages)) {
      await page.goto(`./#${where}`)
      await page.getByText(words).first().waitFor()
      await judge(where)
    }
    await page.context().close()
  }
  return found
})
