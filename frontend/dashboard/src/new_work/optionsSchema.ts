/** Options of a kind, by the JSON Schema that the server gives for them. */
type JsonSchema = {
  $ref?: string
  type?: string
  format?: string
  enum?: string[]
  anyOf?: JsonSchema[]
  items?: JsonSchema
  default?: unknown
  description?: string
  pattern?: string
  minimum?: number
  maximum?: number
  maxLength?: number
}
export type OptionsSchema = { properties?: Record<string, JsonSchema>; required?: string[]; $defs?: Record<string, JsonSchema> }

export type Option = JsonSchema & { name: string; isRequired: boolean; input: 'choice' | 'switch' | 'number' | 'text' | 'moment' | 'list' | 'json' }

/** As the inputs have them: numbers and switches as such, all else as text or lists of texts. */
export type Typed = Record<string, unknown>

export function optionsIn(schema: OptionsSchema): Option[] {
  return Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const plain = plainOf(property, schema.$defs ?? {})
    return { ...plain, name, isRequired: schema.required?.includes(name) ?? false, input: inputOf(plain) }
  })
}

/** Without references, and without the null of what may be left out. */
function plainOf(property: JsonSchema, definitions: Record<string, JsonSchema>): JsonSchema {
  const { $ref, anyOf, ...own } = property
  const [inner] = anyOf?.filter(({ type }) => type !== 'null') ?? []
  const named = definitions[($ref ?? inner?.$ref)?.split('/').at(-1) ?? '']
  return { ...inner, ...named, ...own }
}

function inputOf({ enum: choices, type, format, items }: JsonSchema): Option['input'] {
  if (choices) return 'choice'
  if (type === 'boolean') return 'switch'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'string') return format === 'date-time' ? 'moment' : 'text'
  return type === 'array' && ['string', 'integer', 'number'].includes(items?.type ?? '') ? 'list' : 'json'
}

/** What the server is sent: only what was said. Throws SyntaxError for JSON that is none. */
export function valuesOf(options: readonly Option[], typed: Typed): Record<string, unknown> {
  const said = options.filter(({ name }) => ![undefined, null, ''].includes(typed[name] as string))
  return Object.fromEntries(said.map(option => [option.name, valueOf(option, typed[option.name])]))
}

function valueOf({ input, items }: Option, value: unknown): unknown {
  if (input === 'json') return JSON.parse(value as string)
  if (input === 'moment') return new Date(value as string).toISOString()
  return input === 'list' && items?.type !== 'string' ? (value as string[]).map(Number) : value
}

/** Names of options that are wrong as they stand. */
export function wrongIn(options: readonly Option[], typed: Typed): string[] {
  return options.filter(option => isWrong(option, typed[option.name])).map(({ name }) => name)
}

function isWrong({ input, isRequired, pattern, items }: Option, value: unknown): boolean {
  if (value === undefined || value === null || value === '') return isRequired
  if (input === 'json') return !isJson(value as string)
  if (input === 'list' && items?.type !== 'string') return (value as string[]).some(part => !Number.isFinite(Number(part)))
  return pattern !== undefined && typeof value === 'string' && !new RegExp(pattern).test(value)
}

function isJson(text: string) {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
