// Answers that come late, or not at all.

// `pass` decides of each request (its variables) whether it goes through ('on'), fails ('fail') or, answered already, waits ('hold').
export const holdLists = (page, pass) => hold(page, 'ListJobs', pass)

export const holdCounts = (page, pass) => hold(page, 'CountJobs', pass)

export const holdSheets = (page, pass) => hold(page, 'Sheets', pass)

async function hold(page, name, pass) {
  const held = []
  const asked = []
  await page.route(/\/graphql/, async route => {
    const { operationName, variables } = route.request().postDataJSON() ?? {}
    if (operationName !== name) return route.fallback()
    asked.push(variables)
    const what = pass(variables)
    if (what === 'fail') return route.fulfill({ status: 500 })
    if (what !== 'hold') return route.continue()
    const response = await route.fetch()
    held.push(() => route.fulfill({ response }))
  })
  return {
    asked,
    async isHeld() {
      while (!held.length) await page.waitForTimeout(20)
    },
    release: () => Promise.all(held.splice(0).map(goOn => goOn())),
  }
}
