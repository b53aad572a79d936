
import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import onboarding.domain.lifecycle
import onboarding.models.identifiers
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Cluster',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=onboarding.models.identifiers.public_id, max_length=10, unique=True)),
                ('name', models.CharField(max_length=63, unique=True)),
                ('api_server', models.CharField(max_length=300)),
                ('ca_pem', models.TextField()),
                ('credential', models.BinaryField(null=True)),
                ('credential_version', models.PositiveIntegerField(default=0)),
                ('credential_expires_at', models.DateTimeField(null=True)),
                ('facts', models.JSONField(default=dict)),
                ('condition', models.CharField(choices=[('ok', 'ok'), ('unreachable', 'unreachable'), ('unauthorized', 'unauthorized'), ('grant-missing', 'grant-missing')], default='ok', max_length=20)),
                ('condition_message', models.TextField(blank=True)),
                ('condition_at', models.DateTimeField(null=True)),
                ('retry_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('last_seen_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'cluster',
                'verbose_name_plural': 'clusters',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seq', models.BigIntegerField(null=True, unique=True)),
                ('actor_id', models.CharField(max_length=40)),
                ('actor', models.CharField(max_length=160)),
                ('via', models.CharField(max_length=60)),
                ('action', models.CharField(max_length=60)),
                ('object_kind', models.CharField(max_length=30)),
                ('object_id', models.CharField(max_length=40)),
                ('object_label', models.CharField(max_length=200)),
                ('team', models.CharField(blank=True, max_length=63)),
                ('cluster', models.CharField(blank=True, max_length=63)),
                ('namespace', models.CharField(blank=True, max_length=63)),
                ('request', models.CharField(blank=True, max_length=20)),
                ('run', models.CharField(blank=True, max_length=20)),
                ('ip', models.GenericIPAddressField(null=True)),
                ('note', models.TextField(blank=True)),
                ('note_salt', models.BinaryField(null=True)),
                ('canonical', models.BinaryField()),
                ('leaf', models.CharField(max_length=64)),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'indexes': [models.Index(fields=['team', '-id'], name='event_team'), models.Index(fields=['cluster', 'namespace', '-id'], name='event_namespace'), models.Index(fields=['actor', '-id'], name='event_actor'), models.Index(fields=['action', '-id'], name='event_action'), models.Index(fields=['request', '-id'], name='event_request')],
            },
        ),
        migrations.CreateModel(
            name='ManagedNamespace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=onboarding.models.identifiers.public_id, max_length=10, unique=True)),
                ('name', models.CharField(max_length=63)),
                ('state', models.CharField(choices=[('wanted', 'wanted'), ('created', 'created'), ('fenced', 'fenced'), ('baselined', 'baselined'), ('bounded', 'bounded'), ('granted', 'granted'), ('ready', 'ready'), ('drifted', 'drifted'), ('retrying', 'retrying'), ('blocked', 'blocked'), ('revoking', 'revoking'), ('draining', 'draining'), ('deleting', 'deleting'), ('gone', 'gone')], default='wanted', max_length=12)),
                ('generation', models.PositiveIntegerField(default=0)),
                ('observed_generation', models.PositiveIntegerField(default=0)),
                ('uid', models.CharField(blank=True, max_length=64)),
                ('next_at', models.DateTimeField(null=True)),
                ('lease_owner', models.CharField(blank=True, max_length=80)),
                ('lease_until', models.DateTimeField(null=True)),
                ('fence', models.PositiveBigIntegerField(default=0)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('reason', models.CharField(blank=True, max_length=30)),
                ('message', models.TextField(blank=True)),
                ('findings', models.JSONField(default=list)),
                ('created_at', models.DateTimeField()),
                ('ready_at', models.DateTimeField(null=True)),
                ('verified_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('gone_at', models.DateTimeField(null=True)),
                ('cluster', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='namespaces', to='onboarding.cluster')),
                ('last_event', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.event')),
            ],
            options={
                'verbose_name': 'namespace',
                'verbose_name_plural': 'namespaces',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('lead', 'Lead'), ('member', 'Member')], default='member', max_length=10, verbose_name='role')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=onboarding.models.identifiers.public_id, max_length=10, unique=True)),
                ('generation', models.PositiveIntegerField()),
                ('attempt', models.PositiveIntegerField()),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('ready', 'Ready'), ('gone', 'Gone'), ('waiting', 'Waiting'), ('retrying', 'Will be tried again'), ('blocked', 'Blocked'), ('cluster', 'The cluster cannot be used'), ('superseded', 'Superseded')], max_length=12)),
                ('message', models.TextField(blank=True)),
                ('namespace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='onboarding.managednamespace')),
            ],
            options={
                'verbose_name': 'run',
                'verbose_name_plural': 'runs',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('phase', models.CharField(choices=[('create', 'create'), ('fence', 'fence'), ('baseline', 'baseline'), ('bound', 'bound'), ('grant', 'grant'), ('verify', 'verify'), ('revoke', 'revoke'), ('drain', 'drain'), ('delete', 'delete')], max_length=10)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('changes', models.JSONField(default=list)),
                ('message', models.TextField(blank=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='onboarding.run')),
            ],
            options={
                'verbose_name': 'step',
                'verbose_name_plural': 'steps',
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=onboarding.models.identifiers.public_id, max_length=10, unique=True)),
                ('slug', models.CharField(max_length=40, unique=True, verbose_name='name')),
                ('access_group', models.CharField(help_text="The group whose members get the team's role. The cluster's prefix is added.", max_length=128, unique=True, verbose_name='access group')),
                ('people', models.ManyToManyField(related_name='teams', through='onboarding.Membership', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'team',
                'verbose_name_plural': 'teams',
                'ordering': ['slug'],
            },
        ),
        migrations.CreateModel(
            name='Request',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=onboarding.models.identifiers.public_id, max_length=10, unique=True)),
                ('kind', models.CharField(choices=[('onboard', 'onboard'), ('change', 'change'), ('retire', 'retire')], max_length=10)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('pending', 'pending'), ('returned', 'returned'), ('approved', 'approved'), ('rejected', 'rejected'), ('cancelled', 'cancelled'), ('expired', 'expired')], default='draft', max_length=10)),
                ('name', models.CharField(max_length=63)),
                ('base_generation', models.PositiveIntegerField(default=0)),
                ('spec', models.JSONField()),
                ('plan', models.JSONField()),
                ('digest', models.CharField(max_length=71)),
                ('form_key', models.CharField(max_length=40)),
                ('created_at', models.DateTimeField()),
                ('submitted_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('cluster', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='onboarding.cluster')),
                ('last_event', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='onboarding.event')),
                ('namespace', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='onboarding.managednamespace')),
                ('requester', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='onboarding.team')),
            ],
            options={
                'verbose_name': 'request',
                'verbose_name_plural': 'requests',
            },
        ),
        migrations.AddField(
            model_name='membership',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='onboarding.team'),
        ),
        migrations.AddField(
            model_name='managednamespace',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='namespaces', to='onboarding.team'),
        ),
        migrations.CreateModel(
            name='IngressSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=40)),
                ('namespace', models.CharField(max_length=63)),
                ('pod_labels', models.JSONField(default=dict)),
                ('cluster', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ingress_sources', to='onboarding.cluster')),
            ],
            options={
                'verbose_name': 'ingress source',
                'verbose_name_plural': 'ingress sources',
                'ordering': ['slug'],
                'constraints': [models.UniqueConstraint(fields=('cluster', 'slug'), name='one_source_per_slug')],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lane', models.CharField(choices=[('platform', 'platform'), ('network', 'network'), ('security', 'security')], max_length=10)),
                ('verdict', models.CharField(choices=[('approve', 'Approved'), ('return', 'Returned for changes'), ('reject', 'Rejected')], max_length=10)),
                ('digest', models.CharField(max_length=71)),
                ('reason', models.TextField(blank=True)),
                ('decided_at', models.DateTimeField()),
                ('voided_at', models.DateTimeField(null=True)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to=settings.AUTH_USER_MODEL)),
                ('requester', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='onboarding.request')),
            ],
            options={
                'verbose_name': 'decision',
                'verbose_name_plural': 'decisions',
                'constraints': [models.CheckConstraint(condition=models.Q(('person', models.F('requester')), _negated=True), name='nobody_decides_their_own_request'), models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('request', 'lane'), name='one_decision_per_lane')],
            },
        ),
        migrations.CreateModel(
            name='RequestLane',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('lane', models.CharField(choices=[('platform', 'platform'), ('network', 'network'), ('security', 'security')], max_length=10)),
                ('reasons', models.JSONField(default=list)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lanes', to='onboarding.request')),
            ],
            options={
                'verbose_name': 'needed lane',
                'verbose_name_plural': 'needed lanes',
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('request', 'lane'), name='each_lane_once')],
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('spec', models.JSONField()),
                ('plan', models.JSONField()),
                ('digest', models.CharField(max_length=71)),
                ('created_at', models.DateTimeField()),
                ('namespace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='onboarding.managednamespace')),
                ('request', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='revision', to='onboarding.request')),
            ],
            options={
                'verbose_name': 'revision',
                'verbose_name_plural': 'revisions',
                'ordering': ['-number'],
                'constraints': [models.UniqueConstraint(fields=('namespace', 'number'), name='one_revision_per_number')],
            },
        ),
        migrations.CreateModel(
            name='RoleAssignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('platform', 'Platform approver'), ('network', 'Network approver'), ('security', 'Security approver'), ('auditor', 'Auditor'), ('platform-admin', 'Platform admin')], max_length=20, verbose_name='role')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='role_assignments', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'role assignment',
                'verbose_name_plural': 'role assignments',
                'constraints': [models.UniqueConstraint(fields=('user', 'role'), name='one_assignment_per_role')],
            },
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['namespace', '-id'], name='run_namespace'),
        ),
        migrations.AddConstraint(
            model_name='step',
            constraint=models.UniqueConstraint(fields=('run', 'position'), name='one_step_per_position'),
        ),
        migrations.AddIndex(
            model_name='request',
            index=models.Index(fields=['state', 'submitted_at'], name='request_queue'),
        ),
        migrations.AddIndex(
            model_name='request',
            index=models.Index(fields=['team', '-id'], name='request_team'),
        ),
        migrations.AddConstraint(
            model_name='request',
            constraint=models.UniqueConstraint(fields=('requester', 'form_key'), name='one_request_per_rendered_form'),
        ),
        migrations.AddConstraint(
            model_name='request',
            constraint=models.UniqueConstraint(models.F('cluster'), django.db.models.functions.text.Lower('name'), condition=models.Q(('state__in', [onboarding.domain.lifecycle.RequestState['PENDING'], onboarding.domain.lifecycle.RequestState['RETURNED']])), name='one_open_request_per_namespace'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('team', 'user'), name='one_membership_per_team'),
        ),
        migrations.AddIndex(
            model_name='managednamespace',
            index=models.Index(fields=['next_at'], name='namespace_due'),
        ),
        migrations.AddIndex(
            model_name='managednamespace',
            index=models.Index(fields=['team', 'name'], name='namespace_team'),
        ),
        migrations.AddConstraint(
            model_name='managednamespace',
            constraint=models.UniqueConstraint(models.F('cluster'), django.db.models.functions.text.Lower('name'), condition=models.Q(('state', 'gone'), _negated=True), name='one_live_owner_per_name'),
        ),
    ]
