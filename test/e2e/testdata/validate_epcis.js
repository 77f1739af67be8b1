// Says of EPCIS documents whether the validator of another project takes them: node validate_epcis.js LIBRARY FILE…
// prints one JSON object, file name → errors, of those it does not take.
const fs = require('fs');
const path = require('path');
const [library, ...files] = process.argv.slice(2);
const { validateEpcisDocument } = require(library);
const refused = {};
for (const file of files) {
  let result;
  try {
    result = validateEpcisDocument(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch (e) {
    result = { success: false, errors: [e.message] };
  }
  if (!result.success) {
    refused[path.basename(file)] = result.errors;
  }
}
console.log(JSON.stringify(refused));
