import { adviceLevels } from '../administration/advice.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';

export const AdviceLevel = builder.enumType('AdviceLevel', {
  description: 'How much advice matters.',
  values: enumValues(adviceLevels, {
    info: 'Good to know.',
    warning: 'It costs time or space.',
    critical: 'Data may be lost.',
  }),
});
