import type { XmlElement } from "@rgrove/parse-xml";
import { isSince, traitsOf } from "../product/versions";
import type { XmlEdit } from "../xml/edit";

/** A child that the key validation element has in every version. */
const ownChild = "KeyValidatorClientType";

/**
 * The key validation element of api-manager.xml. A file of another version has the other element, which this version does
 * not read.
 *
 * @throws when the file lacks it, or is that of another version
 */
export function keyValidationOf(edit: XmlEdit): XmlElement {
  const { version } = edit.file;
  const { keyValidation } = traitsOf(version);
  const other = keyValidation === "APIKeyValidator" ? "APIKeyManager" : "APIKeyValidator";
  const found = edit.only(edit.root, other);
  if (found && edit.only(found, ownChild))
    throw edit.refuse(
      `APIManager/${other}/${ownChild}`,
      `this is the api-manager.xml of a version ${other === "APIKeyManager" ? "before 1.9" : "from 1.9 on"}, which ${version} does not read; ` +
        `expected APIManager/${keyValidation}/${ownChild}: take the file from the pack of ${version}, and make your changes there`,
    );
  const later = "APIUsageTracking/DASServerURL";
  if (!isSince(version, "1.10.0") && edit.find(later))
    throw edit.refuse(
      `APIManager/${later}`,
      `this is the api-manager.xml of 1.10, which ${version} does not read; take the file from the pack of ${version}, and make your changes there`,
    );
  return edit.need(keyValidation);
}
