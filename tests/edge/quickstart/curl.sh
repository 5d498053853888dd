curl -G "$BASE_URL/case-status" \
-H "Authorization: Bearer $PARLEY_API_KEY" \
--data-urlencode "receipt=ABC1234567890"
