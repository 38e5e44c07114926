// A line on which uploads take their time.
const FIRST_BYTES = 1_000_000

// The first bytes come through, what follows stays on its way; from the break on nothing comes through any more.
export async function openSlowLine(page) {
  const held = []
  const reset = route => route.abort('connectionreset').catch(() => null)
  let isFirst = true
  let handle = route => {
    if (route.request().method() !== 'PATCH') return route.continue()
    if (!isFirst) return held.push(route)
    isFirst = false
    return route.continue({ postData: Buffer.alloc(FIRST_BYTES, 'x') })
  }
  await page.route(/\/files\//, route => handle(route))
  return {
    break() {
      handle = reset
      return Promise.all(held.map(reset))
    },
    // What was held goes on, and what follows is as fast as any.
    release() {
      handle = route => route.continue()
      return Promise.all(held.map(handle))
    },
    nextRequest: () => new Promise(resolve => (handle = resolve)),
  }
}
