/** The resolvers of both servers, one file per subject. */
import { accountResolvers } from './accounts.ts';
import { billingResolvers } from './billing.ts';
import { invoiceResolvers } from './invoices.ts';
import { peopleResolvers } from './people.ts';
import { reportResolvers } from './reports.ts';
import { searchResolvers } from './search.ts';
import { staffResolvers } from './staff.ts';
import { subscriptionResolvers } from './subscriptions.ts';

export const resolvers = [
  peopleResolvers,
  invoiceResolvers,
  searchResolvers,
  reportResolvers,
  accountResolvers,
  billingResolvers,
  staffResolvers,
  subscriptionResolvers,
];
