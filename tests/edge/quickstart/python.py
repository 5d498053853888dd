import os, requests
BASE_URL = os.environ["BASE_URL"]
API_KEY = os.environ["PARLEY_API_KEY"]
resp = requests.get(
f"{BASE_URL}/case-status",
headers={"Authorization": f"Bearer {API_KEY}"},
params={"receipt": "ABC1234567890"},
timeout=15,
)
resp.raise_for_status()
print(resp.json())
