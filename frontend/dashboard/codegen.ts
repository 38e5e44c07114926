import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: 'src/**/*.graphql',
  config: {
    scalars: { BigInt: 'number', DateTime: 'string', JSON: 'unknown', FileUpload: 'File | Blob' },
    enumsAsTypes: true,
    enumType: 'string-literal',
    useTypeImports: true,
    avoidOptionals: { field: true },
    dedupeFragments: true,
    nonOptionalTypename: true,
    skipTypeNameForRoot: true,
  },
  generates: {
    'src/api/schema.ts': { plugins: ['typescript'] },
    'src/api/possibleTypes.generated.ts': { plugins: ['fragment-matcher'], config: { useExplicitTyping: true } },
    'src/': {
      preset: 'near-operation-file',
      presetConfig: { extension: '.generated.ts' },
      plugins: ['typescript-operations', 'typed-document-node'],
      config: { importSchemaTypesFrom: 'src/api/schema' },
    },
  },
}

export default config
