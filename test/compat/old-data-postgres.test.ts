import { testOldData } from './old-data.ts';

testOldData('b42034b', 'postgres');
