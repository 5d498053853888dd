const BASE_URL = process.env. BASE_URL;
const KEY = process.env. PARLEY_API_KEY;
async function getStatus(receipt) {
const url = new URL(`${BASE_URL}/case-status`);
url.searchParams.set('receipt', receipt);
const res = await fetch(url, {
headers: { Authorization: `Bearer ${KEY}` }
});
if (!res.ok) throw new Error(`HTTP ${res.status}`);
return res.json();
}
getStatus('ABC1234567890').then(console.log).catch(console.error);
