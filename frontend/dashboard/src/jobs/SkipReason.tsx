import { Anchor } from '@mantine/core'
import { Link } from 'react-router'
import { ServerText } from '../api/ServerText'
import { catalogue } from '../translations/catalogue'
import REASONS from './skipReasons.json'

const useReasons = catalogue('skipReasons', REASONS)
const DUPLICATE = /^duplicate of (.+)$/

/** Why something was not fetched or not read: a word of downloads, or a sentence of another kind. */
export function SkipReason({ reason }: { reason: string }) {
  const t = useReasons()
  const earlier = DUPLICATE.exec(reason)?.[1]
  if (earlier) return <>{t('duplicate')}: <Anchor component={Link} to={`/jobs/${earlier}`} inherit>{earlier}</Anchor></>
  return reason in REASONS ? t(reason as keyof typeof REASONS) : <ServerText>{reason}</ServerText>
}
