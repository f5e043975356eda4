import type { Language } from './languages.ts';
import type { Choices } from './random.ts';

/** What a recording can be about, in words that a search would look for. */
export interface Topic {
  /** As a file name has it. */
  slug: string;
  name: Record<Language, string>;
  keywords: Choices<string>;
  /** What was said about it. `{name}`, `{percent}`, `{number}` and `{month}` are filled in. */
  points: Choices<string>;
}

const budget: Topic = {
  slug: 'annual-budget',
  name: {
    en: 'the annual budget',
    de: 'das Jahresbudget',
    fr: 'le budget annuel',
    es: 'el presupuesto anual',
    it: 'il bilancio annuale',
    nl: 'de jaarbegroting',
    pt: 'o orçamento anual',
    ja: '年間予算',
  },
  keywords: ['budget', 'forecast', 'costs', 'revenue', 'quarter', 'savings', 'investment'],
  points: [
    'travel costs grew by {percent} percent against the plan',
    'the budget for licences ends in {month}',
    'revenue of the quarter is {percent} percent above the forecast',
    '{name} asks for {number} thousand euros for new servers',
    'every department has to name savings before {month}',
    'the reserve stays untouched until the audit is done',
  ],
};

const hiring: Topic = {
  slug: 'hiring-plan',
  name: {
    en: 'the hiring plan',
    de: 'die Personalplanung',
    fr: 'le plan de recrutement',
    es: 'el plan de contratación',
    it: 'il piano delle assunzioni',
    nl: 'het wervingsplan',
    pt: 'o plano de contratações',
    ja: '採用計画',
  },
  keywords: ['hiring', 'candidates', 'interview', 'onboarding', 'salary', 'team', 'contract'],
  points: [
    '{number} candidates were invited and two of them got an offer',
    'onboarding takes too long and starts without a laptop',
    '{name} wants a second interview for every senior position',
    'the salary bands are compared with the market in {month}',
    'the support team needs three more people before {month}',
    'a good candidate declined since the contract was limited',
  ],
};

const launch: Topic = {
  slug: 'product-launch',
  name: {
    en: 'the product launch',
    de: 'die Produkteinführung',
    fr: 'le lancement du produit',
    es: 'el lanzamiento del producto',
    it: 'il lancio del prodotto',
    nl: 'de productlancering',
    pt: 'o lançamento do produto',
    ja: '製品の発売',
  },
  keywords: ['launch', 'release', 'roadmap', 'feature', 'pricing', 'beta', 'customers'],
  points: [
    'the launch moves to {month} since translation is late',
    '{number} beta customers use the new search every day',
    '{name} presents the pricing with a free tier',
    'the roadmap drops one feature to keep the date',
    'feedback from the beta asks for an export first',
    'the release notes name every change that breaks an integration',
  ],
};

const security: Topic = {
  slug: 'security-audit',
  name: {
    en: 'the security audit',
    de: 'das Sicherheitsaudit',
    fr: "l'audit de sécurité",
    es: 'la auditoría de seguridad',
    it: "l'audit di sicurezza",
    nl: 'de beveiligingsaudit',
    pt: 'a auditoria de segurança',
    ja: 'セキュリティ監査',
  },
  keywords: ['security', 'audit', 'passwords', 'encryption', 'backup', 'incident', 'access'],
  points: [
    'the audit found {number} accounts without a second factor',
    'backups are encrypted and restored once a month as a test',
    '{name} closes the open findings before {month}',
    'an incident in {month} came from a leaked password',
    'access of external partners ends with their contract',
    'the firewall rules are reviewed by two people',
  ],
};

const logistics: Topic = {
  slug: 'supply-chain',
  name: {
    en: 'the supply chain',
    de: 'die Lieferkette',
    fr: "la chaîne d'approvisionnement",
    es: 'la cadena de suministro',
    it: 'la catena di fornitura',
    nl: 'de toeleveringsketen',
    pt: 'a cadeia de suprimentos',
    ja: 'サプライチェーン',
  },
  keywords: ['supply', 'delivery', 'warehouse', 'supplier', 'shipping', 'inventory', 'delay'],
  points: [
    'delivery from the port takes {number} days instead of ten',
    'the warehouse has stock until {month}',
    '{name} negotiates with a second supplier',
    'shipping costs rose by {percent} percent within a year',
    'inventory is counted with scanners from {month} on',
    'one supplier changed the packaging without notice',
  ],
};

const marketing: Topic = {
  slug: 'marketing-campaign',
  name: {
    en: 'the marketing campaign',
    de: 'die Werbekampagne',
    fr: 'la campagne publicitaire',
    es: 'la campaña de publicidad',
    it: 'la campagna pubblicitaria',
    nl: 'de marketingcampagne',
    pt: 'a campanha de marketing',
    ja: 'マーケティング',
  },
  keywords: ['marketing', 'campaign', 'newsletter', 'brand', 'audience', 'social', 'conversion'],
  points: [
    'the newsletter reached {number} thousand readers',
    'conversion of the landing page grew by {percent} percent',
    '{name} shows two drafts of the new brand',
    'the campaign pauses in {month} for the holidays',
    'short videos bring more visitors than advertisements',
    'the audience survey is repeated after the campaign',
  ],
};

const remoteWork: Topic = {
  slug: 'remote-work',
  name: {
    en: 'remote work',
    de: 'die Arbeit im Homeoffice',
    fr: 'le télétravail',
    es: 'el teletrabajo',
    it: 'il lavoro a distanza',
    nl: 'thuiswerken',
    pt: 'o trabalho remoto',
    ja: 'リモートワーク',
  },
  keywords: ['remote', 'office', 'meetings', 'focus', 'collaboration', 'commute', 'balance'],
  points: [
    'most teams meet in the office {number} days a month',
    'meetings are shorter when everybody sits at home',
    '{name} protects two mornings a week from meetings',
    'the office in the city is {percent} percent empty on Fridays',
    'new colleagues learn more beside somebody',
    'a survey in {month} asks who wants to come back',
  ],
};

const climate: Topic = {
  slug: 'climate-policy',
  name: {
    en: 'climate policy',
    de: 'die Klimapolitik',
    fr: 'la politique climatique',
    es: 'la política climática',
    it: 'la politica climatica',
    nl: 'het klimaatbeleid',
    pt: 'a política climática',
    ja: '気候政策',
  },
  keywords: ['climate', 'emissions', 'energy', 'carbon', 'solar', 'policy', 'transport'],
  points: [
    'emissions of the region fell by {percent} percent in ten years',
    'solar energy covers the demand of {number} villages',
    '{name} explains how a carbon price works',
    'heat in {month} broke the record of the last century',
    'transport is the sector with the least progress',
    'cities plant trees where the streets are hottest',
  ],
};

const learning: Topic = {
  slug: 'machine-learning',
  name: {
    en: 'machine learning',
    de: 'maschinelles Lernen',
    fr: "l'apprentissage automatique",
    es: 'el aprendizaje automático',
    it: "l'apprendimento automatico",
    nl: 'machinaal leren',
    pt: 'a aprendizagem de máquina',
    ja: '機械学習',
  },
  keywords: ['learning', 'model', 'training', 'data', 'accuracy', 'speech', 'neural'],
  points: [
    'the larger model makes {percent} percent fewer mistakes',
    'training data from {number} speakers was not enough',
    '{name} compares speech models on noisy telephone lines',
    'accuracy on names is worse than on other words',
    'a small model on the phone answers without a network',
    'the evaluation is repeated in {month} with new data',
  ],
};

const history: Topic = {
  slug: 'local-history',
  name: {
    en: 'local history',
    de: 'die Stadtgeschichte',
    fr: "l'histoire locale",
    es: 'la historia local',
    it: 'la storia locale',
    nl: 'lokale geschiedenis',
    pt: 'a história local',
    ja: '郷土史',
  },
  keywords: ['history', 'archive', 'railway', 'museum', 'village', 'memories', 'war'],
  points: [
    'the railway came in {month} and changed the village',
    'letters from the archive tell of {number} families',
    '{name} remembers the school before the war',
    'the museum shows photographs that nobody had sorted',
    'the harbour lost {percent} percent of its trade in one winter',
    'an old map names streets that are gone',
  ],
};

const health: Topic = {
  slug: 'public-health',
  name: {
    en: 'public health',
    de: 'das Gesundheitswesen',
    fr: 'la santé publique',
    es: 'la salud pública',
    it: 'la sanità pubblica',
    nl: 'de volksgezondheid',
    pt: 'a saúde pública',
    ja: '公衆衛生',
  },
  keywords: ['health', 'hospital', 'patients', 'nursing', 'vaccine', 'study', 'prevention'],
  points: [
    'the hospital treats {percent} percent more patients in winter',
    'nursing staff is missing in {number} wards',
    '{name} reports from a study on sleep',
    'the vaccine is offered in schools from {month} on',
    'prevention costs less than one week of treatment',
    'patients wait longest for a first appointment',
  ],
};

const astronomy: Topic = {
  slug: 'astronomy',
  name: {
    en: 'astronomy',
    de: 'die Astronomie',
    fr: "l'astronomie",
    es: 'la astronomía',
    it: "l'astronomia",
    nl: 'sterrenkunde',
    pt: 'a astronomia',
    ja: '天文学',
  },
  keywords: ['astronomy', 'telescope', 'galaxy', 'planet', 'orbit', 'light', 'mission'],
  points: [
    'the telescope sees light that is {number} million years old',
    'a planet was found by the shadow on its star',
    '{name} describes how the mission lost contact in {month}',
    'the orbit changes by {percent} percent with every pass',
    'dust hides most of our galaxy from the eye',
    'amateurs found the comet before the observatory did',
  ],
};

const invoice: Topic = {
  slug: 'invoice-question',
  name: {
    en: 'an invoice',
    de: 'eine Rechnung',
    fr: 'une facture',
    es: 'una factura',
    it: 'una fattura',
    nl: 'een factuur',
    pt: 'uma fatura',
    ja: '請求書',
  },
  keywords: ['invoice', 'payment', 'refund', 'reminder', 'account', 'customer', 'address'],
  points: [
    'the invoice of {month} was paid twice',
    'a refund of {number} euros is on its way',
    '{name} needs the invoice with another address',
    'the reminder came although the payment had arrived',
    'the discount of {percent} percent is missing',
    'the customer asks for a call back before noon',
  ],
};

const appointment: Topic = {
  slug: 'appointment',
  name: {
    en: 'an appointment',
    de: 'ein Termin',
    fr: 'un rendez-vous',
    es: 'una cita',
    it: 'un appuntamento',
    nl: 'een afspraak',
    pt: 'uma consulta',
    ja: '予約',
  },
  keywords: ['appointment', 'calendar', 'repair', 'visit', 'technician', 'message', 'delay'],
  points: [
    'the appointment moves to the second week of {month}',
    'the technician is {number} minutes late',
    '{name} asks for a visit in the morning',
    'the repair needs a part that has to be ordered',
    'nobody was at home when the parcel came',
    'the calendar showed a wrong room',
  ],
};

/** What is talked about at work. */
export const workTopics: Choices<Topic> = [
  budget,
  hiring,
  launch,
  security,
  logistics,
  marketing,
  remoteWork,
];

/** What is explained to listeners. */
export const knowledgeTopics: Choices<Topic> = [
  climate,
  learning,
  history,
  health,
  astronomy,
  remoteWork,
  security,
];

/** What people call about. */
export const serviceTopics: Choices<Topic> = [invoice, appointment];
