import { testOldData } from './old-data.ts';

testOldData('pglite');
