"""Makes Django's admin site the product's own: platform admins only. Named in INSTALLED_APPS."""

from django.contrib.admin.apps import AdminConfig


class BulkheadAdminConfig(AdminConfig):
    """Django's admin with our site in its place."""

    default_site = "onboarding.admin_site.BulkheadAdminSite"
