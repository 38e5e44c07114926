import { catalogue } from '../../translations/catalogue'

export const useLeadFieldTexts = catalogue('leadFields', {
  name: { en: 'Name', de: 'Name' },
  firstName: { en: 'First name', de: 'Vorname' },
  lastName: { en: 'Last name', de: 'Nachname' },
  email: { en: 'E-mail', de: 'E-Mail' },
  phone: { en: 'Phone', de: 'Telefon' },
  company: { en: 'Company', de: 'Firma' },
  website: { en: 'Website', de: 'Website' },
  country: { en: 'Country', de: 'Land' },
  notes: { en: 'Notes', de: 'Notizen' },
})
