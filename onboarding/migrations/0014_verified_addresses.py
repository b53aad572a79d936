"""On PostgreSQL the database compares the addresses that people have verified, too.

SQLite refuses to rebuild a table that a trigger reads, so that there a trigger on them would stop
the next migration of the accounts: it keeps comparing the accounts' own addresses.
"""

from django.db import migrations

AUTHORS = "onboarding_requestauthor"
SHARES_ANY_ADDRESS = (
    "EXISTS (WITH address AS ("
    "SELECT id AS person_id, lower(email) AS email FROM onboarding_user WHERE email <> '' "
    "UNION SELECT user_id, lower(email) FROM account_emailaddress WHERE verified) "
    "SELECT 1 FROM address decider JOIN address author USING (email) "
    "WHERE decider.person_id = NEW.person_id AND author.person_id <> NEW.person_id "
    "AND (author.person_id = NEW.requester_id OR author.person_id IN "
    f"(SELECT person_id FROM {AUTHORS} WHERE request_id = NEW.request_id)))"
)


def compare_verified_addresses(_apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION bulkhead_decision_by_another_person() RETURNS trigger "
            f"LANGUAGE plpgsql AS $$ BEGIN IF NEW.voided_at IS NULL AND {SHARES_ANY_ADDRESS} THEN "
            "RAISE EXCEPTION 'one person with two accounts cannot ask and decide' "
            "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER decision_not_by_one_person BEFORE INSERT OR UPDATE "
            "ON onboarding_decision "
            "FOR EACH ROW EXECUTE FUNCTION bulkhead_decision_by_another_person()"
        )


class Migration(migrations.Migration):
    dependencies = [("onboarding", "0013_outdated")]
    operations = [
        migrations.RunPython(
            compare_verified_addresses, migrations.RunPython.noop, elidable=False
        )
    ]
