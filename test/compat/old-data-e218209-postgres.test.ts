import { testOldData } from './old-data.ts';

testOldData('e218209', 'postgres');
