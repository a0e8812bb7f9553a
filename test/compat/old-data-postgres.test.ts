import { testOldData } from './old-data.ts';

testOldData('postgres');
